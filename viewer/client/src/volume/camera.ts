/** From where a volume is looked at, and how turning moves the eye. */
import { cross, type EdgeLetters, edgeLetters, type Vector3 } from "../dicom/geometry.ts";
import { turned, unit } from "./space.ts";

/** Directions of the picture in the patient. */
export interface Eye {
  readonly right: Vector3;
  readonly down: Vector3;
  readonly forward: Vector3;
}

function eye(right: Vector3, down: Vector3): Eye {
  return { right, down, forward: cross(right, down) };
}

/** Named views: what one looks at first, and what buttons go back to. */
export const EYES = {
  front: eye([1, 0, 0], [0, 0, -1]),
  back: eye([-1, 0, 0], [0, 0, -1]),
  right: eye([0, -1, 0], [0, 0, -1]),
  left: eye([0, 1, 0], [0, 0, -1]),
  head: eye([-1, 0, 0], [0, 1, 0]),
  feet: eye([1, 0, 0], [0, 1, 0]),
} as const satisfies Record<string, Eye>;

export type EyeName = keyof typeof EYES;

/** The volume follows the hand: `x` radians to the right, `y` radians down. */
export function turnedBy({ right, down }: Eye, x: number, y: number): Eye {
  // To the right: the front of the patient goes right, so the eye goes left, about the picture's vertical.
  const aside = unit(turned(right, down, x));
  const tilted = unit(turned(down, aside, -y));
  return eye(aside, unit(cross(cross(aside, tilted), aside)));
}

/** Turned within the picture, clockwise. */
export function rolledBy({ right, down, forward }: Eye, angle: number): Eye {
  return eye(unit(turned(right, forward, -angle)), unit(turned(down, forward, -angle)));
}

export function lettersOf({ right, down }: Eye): EdgeLetters {
  return edgeLetters(right, down);
}
