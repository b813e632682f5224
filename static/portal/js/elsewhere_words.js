// What "Find elsewhere" says: words of the page, with what the script knows filled in; names, dates and numbers.

const language = document.documentElement.lang || "en";
const locale = language === "en" ? "en-GB" : language;
const words = JSON.parse(document.getElementById("elsewhere-words").textContent);
const days = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** The words called `name`, in which each {part} is replaced. */
export function say(name, parts = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_, part) => String(parts[part] ?? ""));
}

/** 1 204: groups of three behind a narrow no-break space. */
export function numberText(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A date as DICOM writes it (20260402) as people do; text that is no date as it came. */
export function dateText(dicom) {
  const found = /^(\d{4})[.]?(\d{2})[.]?(\d{2})$/.exec(dicom);
  if (!found) return dicom;
  const date = new Date(Date.UTC(Number(found[1]), Number(found[2]) - 1, Number(found[3])));
  return Number.isNaN(date.getTime()) ? dicom : days.format(date);
}

/** "14:05" of a time as DICOM writes it. */
export function timeText(dicom) {
  const found = /^(\d{2}):?(\d{2})/.exec(dicom);
  return found ? `${found[1]}:${found[2]}` : "";
}

/** {family, rest, other} of a person's name: the first group, and in `other` a second one in another script. */
export function nameOf(dicom) {
  const groups = dicom.split("=").map((group) => group.split("^").map((part) => part.trim()));
  const [family = "", ...rest] = groups[0] ?? [""];
  const given = rest.slice(0, 2).filter(Boolean).join(" ");
  const other = (groups[1] ?? []).slice(0, 3).filter(Boolean).join(" ");
  return { family, rest: given, other };
}

/** An icon of the page. */
export function icon(name) {
  const template = document.querySelector(`template[data-icon="${name}"]`);
  return template.content.firstElementChild.cloneNode(true);
}

/** An element with a class and what is in it. */
export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
