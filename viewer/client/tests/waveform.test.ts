import { describe, expect, it } from "vitest";
import { millivoltsPer, remarksOf, waveformOf } from "../src/objects/waveform.ts";
import { code } from "./object_samples.ts";
import { dataSet } from "./samples.ts";

const channel = (name: string, sensitivity: number, correction = 1, baseline = 0) =>
  dataSet({
    "003A0208": [code("5.6.3-9-1", "SCPECG", name)],
    "003A0210": [sensitivity],
    "003A0211": [code("uV", "UCUM", "microvolt")],
    "003A0212": [correction],
    "003A0213": [baseline],
  });

const group = (more: Readonly<Record<string, readonly unknown[]>> = {}) =>
  dataSet({
    "003A0005": [2],
    "003A0010": [3],
    "003A001A": [500],
    "003A0020": ["RHYTHM"],
    "003A0200": [channel("Lead I", 1.25), channel("Lead II", 2.5, 2, 10)],
    "54001004": [16],
    "54001006": ["SS"],
    ...more,
  });

describe("a waveform", () => {
  const bytes = new Uint8Array(new Int16Array([800, 4, -800, 8, 0, -4]).buffer);

  it("is read sample by sample in the unit of each channel", () => {
    const { label, frequency, channels } = waveformOf(group(), bytes);
    expect([label, frequency]).toEqual(["RHYTHM", 500]);
    expect(channels.map(({ label: of, unit }) => [of, unit])).toEqual([
      ["I", "uV"],
      ["II", "uV"],
    ]);
    // 800 steps of 1.25 µV are 1 mV; 4 × 2.5 × 2 + 10.
    expect([...(channels[0]?.values ?? [])]).toEqual([1000, -1000, 0]);
    expect([...(channels[1]?.values ?? [])]).toEqual([30, 50, -10]);
    expect(millivoltsPer("uV")).toBe(0.001);
    expect(millivoltsPer("mmHg")).toBeNull();
  });

  it("that ends early keeps what is whole; without frequency or channels it is refused", () => {
    expect(waveformOf(group(), bytes.subarray(0, 9)).channels[0]?.values).toHaveLength(2);
    expect(() => waveformOf(group({ "003A001A": [] }), bytes)).toThrow("samples there are a second");
    expect(() => waveformOf(group({ "003A0200": [] }), bytes)).toThrow("not described");
    expect(() => waveformOf(group({ "54001004": [24] }), bytes)).toThrow("24 bits");
  });

  it("has remarks of the machine in words", () => {
    const remarks = remarksOf(
      dataSet({
        "0040B020": [
          dataSet({ "00700006": ["SINUS RHYTHM"] }),
          dataSet({
            "0040A043": [code("5.10.2.1-3", "SCPECG", "RR Interval")],
            "0040A30A": [982],
            "004008EA": [code("ms", "UCUM", "milliseconds")],
          }),
        ],
      }),
    );
    expect(remarks).toEqual(["SINUS RHYTHM", "RR Interval: 982 ms"]);
  });
});
