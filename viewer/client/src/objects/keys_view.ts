/** Shows key object selections as a list of their images. */
import { shownDate } from "../dicom/people.ts";
import { _, _n } from "../words/say.ts";
import { keyObjectsOf } from "./keys.ts";
import { element, link, type Place, type Renderer } from "./renderer.ts";

function list(place: Place, instance: Place["instances"][number]): HTMLElement {
  const { title, description, observer, date, references } = keyObjectsOf(instance);
  const article = element("article", "object-paper");
  article.append(element("h2", "report-heading", title || _("Key images")));
  if (description !== "") article.append(element("p", "", description));
  const who = [observer, shownDate(date, place.language)].filter((words) => words !== "");
  if (who.length > 0) article.append(element("p", "object-hint", who.join(", ")));
  article.append(element("p", "", _n("{n} image", "{n} images", references.length)));
  const images = element("ul", "object-list");
  for (const reference of references) {
    const entry = element("li");
    entry.append(link(place, reference, _("An image that is not in this study")));
    images.append(entry);
  }
  article.append(images);
  return article;
}

export const renderKeyObjects: Renderer = (place) => {
  for (const instance of place.instances) place.root.append(list(place, instance));
};
