/** What PS3.6 calls attributes and UIDs; loaded with Info, which alone says them. */
import list from "../../vendor/dicom_names.txt?raw";
import { type DataSet, text } from "../dicom/dataset.ts";
import { _ } from "../words/say.ts";

const names = new Map<string, string>();
/** Groups and elements that repeat (PS3.5 7.6): `x` stands for any digit. */
const repeating: (readonly [pattern: RegExp, name: string])[] = [];

for (const line of list.split("\n")) {
  const at = line.indexOf(" ");
  const [key, name] = [line.slice(0, at), line.slice(at + 1)];
  if (/^[0-9A-Fx]{8}$/.test(key) && key.includes("x")) {
    repeating.push([new RegExp(`^${key.replaceAll("x", "[0-9A-F]")}$`), name]);
  } else names.set(key, name);
}

function isPrivate(tag: string): boolean {
  return Number.parseInt(tag.slice(0, 4), 16) % 2 === 1;
}

/** Whoever reserved the block of a private attribute (PS3.5 7.8.1), as the data set says. */
function privateName(tag: string, ds: DataSet): string {
  if (tag.startsWith("00", 4)) return _("Private creator");
  const creator = text(ds, `${tag.slice(0, 4)}00${tag.slice(4, 6)}`);
  return creator === "" ? _("Private attribute") : _("Private attribute of {creator}", { creator });
}

/** The name of an attribute of a data set, by its tag of eight hexadecimal digits. */
export function attributeName(tag: string, ds: DataSet): string {
  const known = names.get(tag) ?? repeating.find(([pattern]) => pattern.test(tag))?.[1];
  if (known !== undefined) return known;
  if (tag.endsWith("0000")) return _("Group length");
  return isPrivate(tag) ? privateName(tag, ds) : _("Unknown attribute");
}

/** The name of a UID that DICOM defines; "" for any other. */
export function uidName(uid: string): string {
  return uid.includes(".") ? (names.get(uid) ?? "") : "";
}
