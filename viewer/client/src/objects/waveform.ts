/** Reads waveforms (PS3.3 C.10.9): channels as numbers in their own units. */
import { type DataSet, items, number, text } from "../dicom/dataset.ts";
import { Unusable } from "../http/failures.ts";
import { _ } from "../words/say.ts";
import { meaningIn, unitIn } from "./codes.ts";
import { ObjectTag } from "./tags.ts";

export interface Channel {
  readonly label: string;
  readonly unit: string;
  readonly values: Float32Array;
}

export interface Waveform {
  readonly label: string;
  /** Samples a second. */
  readonly frequency: number;
  readonly channels: readonly Channel[];
}

type Reader = (view: DataView, at: number) => number;

/** How a sample is read, by Waveform Sample Interpretation (PS3.3 C.10.9.1.5). */
function readerOf(interpretation: string, bits: number): Reader {
  if (bits === 8) {
    if (interpretation === "SB") return (view, at) => view.getInt8(at);
    if (interpretation === "UB") return (view, at) => view.getUint8(at);
    if (interpretation === "MB") return (view, at) => mulaw(view.getUint8(at));
    if (interpretation === "AB") return (view, at) => alaw(view.getUint8(at));
  }
  if (bits === 16)
    return (view, at) => (interpretation === "US" ? view.getUint16(at, true) : view.getInt16(at, true));
  if (bits === 32)
    return (view, at) => (interpretation === "UL" ? view.getUint32(at, true) : view.getInt32(at, true));
  throw new Unusable(_("its samples are written with {bits} bits, which this viewer cannot read", { bits }));
}

/** ITU-T G.711. */
function mulaw(coded: number): number {
  const value = ~coded & 255;
  const magnitude = (((value & 15) << 3) + 132) << ((value >> 4) & 7);
  return value & 128 ? 132 - magnitude : magnitude - 132;
}

/** ITU-T G.711. */
function alaw(coded: number): number {
  const value = coded ^ 0x55;
  const exponent = (value >> 4) & 7;
  const mantissa = ((value & 15) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return value & 128 ? magnitude : -magnitude;
}

/** What one step of a sample is worth in the channel's unit, and what stands for zero. */
function scaleOf(channel: DataSet): { factor: number; baseline: number } {
  const sensitivity = number(channel, ObjectTag.ChannelSensitivity) ?? 1;
  const correction = number(channel, ObjectTag.ChannelSensitivityCorrectionFactor) ?? 1;
  return { factor: sensitivity * correction, baseline: number(channel, ObjectTag.ChannelBaseline) ?? 0 };
}

function labelOf(channel: DataSet, index: number): string {
  const source = meaningIn(channel, ObjectTag.ChannelSourceSequence).replace(/^lead\s+/i, "");
  return text(channel, ObjectTag.ChannelLabel) || source || String(index + 1);
}

/** A multiplex group: all channels have the same frequency, and lie sample by sample. */
export function waveformOf(group: DataSet, bytes: Uint8Array): Waveform {
  const channels = items(group, ObjectTag.ChannelDefinitionSequence);
  const count = number(group, ObjectTag.NumberOfWaveformChannels) ?? channels.length;
  const frequency = number(group, ObjectTag.SamplingFrequency) ?? 0;
  const bits = number(group, ObjectTag.WaveformBitsAllocated) ?? 16;
  const size = bits / 8;
  if (!(frequency > 0)) throw new Unusable(_("it does not say how many samples there are a second"));
  if (!(count > 0) || channels.length < count) throw new Unusable(_("its channels are not described"));
  const read = readerOf(text(group, ObjectTag.WaveformSampleInterpretation), bits);
  const stated = number(group, ObjectTag.NumberOfWaveformSamples) ?? Number.POSITIVE_INFINITY;
  const samples = Math.min(stated, Math.floor(bytes.length / (size * count)));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    label: text(group, ObjectTag.MultiplexGroupLabel),
    frequency,
    channels: channels.slice(0, count).map((channel, index) => {
      const { factor, baseline } = scaleOf(channel);
      const values = new Float32Array(samples);
      for (let sample = 0; sample < samples; sample += 1) {
        values[sample] = read(view, (sample * count + index) * size) * factor + baseline;
      }
      return {
        label: labelOf(channel, index),
        unit: unitIn(channel, ObjectTag.ChannelSensitivityUnitsSequence),
        values,
      };
    }),
  };
}

const PER_MILLIVOLT: Readonly<Record<string, number>> = { uV: 1000, µV: 1000, mV: 1, V: 0.001 };

/** The factor from a channel's unit to millivolt, or null where it is no voltage. */
export function millivoltsPer(unit: string): number | null {
  const per = PER_MILLIVOLT[unit];
  return per === undefined ? null : 1 / per;
}

/** What the machine wrote about the whole recording: its findings, and intervals with their units. */
export function remarksOf(ds: DataSet): string[] {
  return items(ds, ObjectTag.WaveformAnnotationSequence).flatMap((annotation) => {
    const words = text(annotation, ObjectTag.UnformattedTextValue);
    if (words !== "") return [words];
    const name = meaningIn(annotation, ObjectTag.ConceptNameCodeSequence);
    const value = number(annotation, ObjectTag.NumericValue);
    if (name === "" || value === null) return [];
    return [`${name}: ${value} ${unitIn(annotation, ObjectTag.MeasurementUnitsCodeSequence)}`.trim()];
  });
}
