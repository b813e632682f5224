/** Gets the images of a page, a few at a time; what failed is kept as the failure. */
import { load, registerFrames } from "../engine/loader.ts";
import type { Picture } from "../engine/picture.ts";
import type { Study } from "../studies/study.ts";
import type { Item } from "./job.ts";

/** Images asked for at once: the reader's own scrolling keeps two connections. */
const AT_ONCE = 4;

/** Resolves when each image is here or has failed; throws the signal's reason where it ends before. */
export async function getPictures(
  study: Study,
  items: readonly Item[],
  signal: AbortSignal,
  onOne: (item: Item, picture: Picture | Error) => void = () => {},
): Promise<Map<Item, Picture | Error>> {
  const found = new Map<Item, Picture | Error>();
  registerFrames(
    items.map(({ frame }) => frame),
    study.dicomweb,
  );
  const waiting = [...items];
  const take = async (): Promise<void> => {
    for (let item = waiting.shift(); item && !signal.aborted; item = waiting.shift()) {
      const picture = await load(item.frame, "prefetch").catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      );
      if (signal.aborted) return;
      found.set(item, picture);
      onOne(item, picture);
    }
  };
  const ended = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  signal.throwIfAborted();
  await Promise.race([Promise.all(Array.from({ length: AT_ONCE }, take)), ended]);
  return found;
}
