// Writes dates and times as the page's server does: in its language and in its time zone, 24 hours, day before month.

const language = document.documentElement.lang || "en";
const locale = language === "en" ? "en-GB" : language;

/** The zone in which the page tells times; the browser's own where the page names none. */
function zone() {
  return document.querySelector("[data-zone]")?.dataset.zone || undefined;
}

/** "02:47" */
export function clockText(moment) {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone() };
  return new Intl.DateTimeFormat(locale, options).format(moment);
}

/** "Fri 20 Nov, 02:47" */
export function dayAndClockText(moment) {
  const options = { weekday: "short", day: "numeric", month: "short", timeZone: zone() };
  const day = new Intl.DateTimeFormat(locale, options).format(moment).replace(",", "");
  return `${day}, ${clockText(moment)}`;
}

/** "30 Nov", of a date as an input holds it. */
export function dayText(value) {
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(value));
}

/** "21 Dec 2026", of a moment in ISO 8601. */
export function dayWithYearText(value) {
  const options = { day: "numeric", month: "short", year: "numeric", timeZone: zone() };
  return new Intl.DateTimeFormat(locale, options).format(new Date(value));
}
