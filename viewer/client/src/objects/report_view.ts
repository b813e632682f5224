/** Shows structured reports as text: headings, names and values, links to the images they speak of. */
import { _ } from "../words/say.ts";
import { element, link, type Place, type Renderer } from "./renderer.ts";
import { type ReportItem, reportOf } from "./report.ts";

/** Headings go from h2 to h6. */
function heading(item: ReportItem, depth: number): HTMLElement {
  const level = `h${Math.min(6, depth + 2)}` as "h2";
  return element(level, "report-heading", item.name || _("Section"));
}

function line(place: Place, item: ReportItem): HTMLElement {
  const row = element("div", "report-line");
  if (item.name !== "") row.append(element("span", "report-name", item.name));
  const value = element("span", "report-value");
  const plain = item.references.length === 0 || item.references.every((one) => place.nameOf(one) === null);
  if (plain) value.append(element("span", "", item.value));
  for (const reference of item.references) {
    value.append(link(place, reference, _("not in this study")));
  }
  row.append(value);
  return row;
}

function section(place: Place, item: ReportItem, depth: number): HTMLElement {
  const box = element("section", "report-section");
  box.append(item.isHeading ? heading(item, depth) : line(place, item));
  for (const child of item.children) box.append(section(place, child, depth + 1));
  return box;
}

export const renderReport: Renderer = (place) => {
  for (const instance of place.instances) {
    const { root, state } = reportOf(instance, place.language);
    const article = element("article", "object-paper");
    article.append(section(place, root, 0));
    if (state.length > 0) article.append(element("p", "object-hint", state.join(". ")));
    place.root.append(article);
  }
};
