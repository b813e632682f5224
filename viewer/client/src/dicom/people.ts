/** Names, sexes, dates and ages of patients as the page writes them. */
import { _, _n } from "../words/say.ts";

export interface Name {
  readonly family: string;
  readonly given: string;
}

/** `Family^Given^Middle^Prefix^Suffix` (PS3.5 6.2.1); only what is shown. */
export function parseName(value: string): Name {
  const [group = ""] = value.split("=");
  const [family = "", given = "", middle = ""] = group.split("^").map((part) => part.trim());
  return { family, given: [given, middle].filter((part) => part !== "").join(" ") };
}

/** "Munteanu, Elena"; "Name not given". */
export function shownName(value: string): string {
  const { family, given } = parseName(value);
  if (family === "" && given === "") return _("Name not given");
  return [family, given].filter((part) => part !== "").join(", ");
}

interface PlainDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** `YYYYMMDD`, or `YYYY-MM-DD` as JSON has it; null where it names no day. */
export function parseDate(value: string): PlainDate | null {
  const match = /^(\d{4})(?:(\d{2})(\d{2})|-(\d{2})-(\d{2}))$/.exec(value.trim());
  if (!match) return null;
  const year = Number(match[1]);
  const month = Number(match[2] ?? match[4]);
  const day = Number(match[3] ?? match[5]);
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCFullYear(year);
  const real = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return real ? { year, month, day } : null;
}

/** "20 Nov 2026" in English, "20.11.2026" in Romanian and Russian; as sent where it names no day. */
export function shownDate(value: string, language: string): string {
  const date = parseDate(value);
  if (!date) return value.trim();
  if (/^(ro|ru)\b/.test(language)) {
    return `${String(date.day).padStart(2, "0")}.${String(date.month).padStart(2, "0")}.${date.year}`;
  }
  const month = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" }).format(
    new Date(Date.UTC(2000, date.month - 1, 1)),
  );
  return `${date.day} ${month.slice(0, 3)} ${date.year}`;
}

/** `HHMMSS.FFFFFF` as "01:21"; "" where it names no time. */
export function shownTime(value: string): string {
  const match = /^([01]\d|2[0-3])([0-5]\d)/.exec(value.trim());
  return match ? `${match[1]}:${match[2]}` : "";
}

/** Age on the day of the study: under 28 days in days, under 24 months in months, then in years. */
export function shownAge(birth: string, onDay: string): string {
  const born = parseDate(birth);
  const then = parseDate(onDay);
  if (!born || !then) return "";
  const days = Math.round(
    (Date.UTC(then.year, then.month - 1, then.day) - Date.UTC(born.year, born.month - 1, born.day)) /
      86_400_000,
  );
  if (days < 0) return "";
  const months = (then.year - born.year) * 12 + (then.month - born.month) - (then.day < born.day ? 1 : 0);
  // The days after the 28th that do not yet make a month are days still: nobody is "0 months" old.
  if (days < 28 || months === 0) return _n("{n} d", "{n} d", days);
  return months < 24 ? _n("{n} mo", "{n} mo", months) : _n("{n} y", "{n} y", Math.floor(months / 12));
}

/** "2002 0620 3145 8": identifiers of digits in groups of four, others as sent. */
export function shownIdentifier(value: string): string {
  const trimmed = value.trim();
  return /^\d{8,}$/.test(trimmed) ? trimmed.replace(/(\d{4})(?=\d)/g, "$1 ") : trimmed;
}
