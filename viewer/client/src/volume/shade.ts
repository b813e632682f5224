/** Turns values into greys through a window (PS3.3 C.11.2.1.2). */
import { rangeOf, type VoiFunction, type Window } from "../dicom/windows.ts";

export interface Shading {
  readonly window: Window;
  readonly voi: VoiFunction;
  /** White is low: MONOCHROME1, or the negative of what is not. */
  readonly isInverted: boolean;
}

const OPAQUE = 255 << 24;

/** Greys of all values a table can hold; where values are many, the window is cut into so many steps. */
const STEPS = 1024;

/** Grey (0 to 255) of each of the window's steps. */
function greys({ voi, isInverted }: Shading): Uint8Array {
  return Uint8Array.from({ length: STEPS + 1 }, (_, step) => {
    const share = step / STEPS;
    // PS3.3 C.11.2.1.3.1: 1 / (1 + exp(−4 (x − c) / w)); the range's ends are those of the linear window.
    const shade = voi === "SIGMOID" ? 1 / (1 + Math.exp(-4 * (share - 0.5))) : share;
    return Math.round((isInverted ? 1 - shade : shade) * 255);
  });
}

/** Writes one opaque pixel a value into `picture` (RGBA, little endian); where there is nothing it is black. */
export function shade(values: Float32Array, shading: Shading, picture: Uint32Array): void {
  const { lower, upper } = rangeOf(shading.window, shading.voi);
  const table = greys(shading);
  const scale = STEPS / Math.max(upper - lower, 1e-6);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    if (Number.isNaN(value)) {
      picture[index] = OPAQUE;
      continue;
    }
    const step = (value - lower) * scale;
    const grey = table[step <= 0 ? 0 : step >= STEPS ? STEPS : Math.round(step)] as number;
    picture[index] = OPAQUE | (grey << 16) | (grey << 8) | grey;
  }
}
