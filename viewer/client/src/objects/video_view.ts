/** Plays video objects (PS3.5 8.2.5 to 8.2.8) in the browser's own player. */
import { Unusable } from "../http/failures.ts";
import { _ } from "../words/say.ts";
import { element, type Place, type Renderer } from "./renderer.ts";

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** The container of a stream by its first bytes: MP4, MPEG transport stream, or a bare MPEG-2 stream. */
export function containerOf(bytes: Uint8Array): "mp4" | "transport stream" | "mpeg" | "unknown" {
  if (ascii(bytes, 4, 8) === "ftyp") return "mp4";
  if (bytes[0] === 0x47 && bytes[188] === 0x47) return "transport stream";
  const starts = bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 1;
  return starts && (bytes[3] === 0xb3 || bytes[3] === 0xba) ? "mpeg" : "unknown";
}

function player(place: Place, bytes: Uint8Array<ArrayBuffer>): HTMLVideoElement {
  const url = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
  place.signal.addEventListener("abort", () => URL.revokeObjectURL(url));
  const video = element("video", "object-video");
  video.controls = true;
  video.preload = "auto";
  video.src = url;
  return video;
}

export const renderVideo: Renderer = async (place) => {
  for (const instance of place.instances) {
    const bytes = await place.stream(instance);
    place.signal.throwIfAborted();
    const container = containerOf(bytes);
    if (container === "mpeg" || container === "transport stream") {
      throw new Unusable(_("it is a video of an older kind (MPEG-2), which browsers do not play"));
    }
    const video = player(place, bytes);
    video.addEventListener("error", () => {
      const words = _("This video cannot be played: this browser does not read its kind of compression.");
      video.replaceWith(element("p", "object-message", words));
    });
    place.root.append(video);
  }
};
