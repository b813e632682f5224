// Has a study deleted: asks the portal for the errand, the DICOM Server to delete, and the portal until it has forgotten.

import { dayWithYearText } from "./dates.js";
import { Errand, ErrandDenied } from "./errand.js";

const ANSWER_TIMEOUT = 300_000;
const ASK_AGAIN = 2_000;
const PATIENCE = 60_000;

const page = document.querySelector("[data-deletion]");
const form = page.querySelector("[data-form]");
const result = page.querySelector("[data-result]");
const button = form.querySelector("button[type=submit]");

/** Shows what happened, below what was said before or in its place; `values` fill the places of these names. */
function say(name, values = {}, { keep = 0 } = {}) {
  while (result.children.length > keep) result.lastElementChild.remove();
  const part = page.querySelector(`template[data-says="${name}"]`).content.cloneNode(true);
  for (const [place, text] of Object.entries(values)) {
    for (const element of part.querySelectorAll(`[data-${place}]`)) element.textContent = text;
  }
  result.append(part);
  result.dataset.said = name;
  result.hidden = false;
}

function wrongFields() {
  const { reason, confirmation } = form.elements;
  const wrong = [];
  if (reason.value.trim().length < reason.minLength) wrong.push(reason);
  if (confirmation.value.trim() !== confirmation.dataset.expected) wrong.push(confirmation);
  for (const field of [reason, confirmation]) {
    const isWrong = wrong.includes(field);
    form.querySelector(`[data-error="${field.name}"]`).hidden = !isWrong;
    field.setAttribute("aria-invalid", String(isWrong));
  }
  return wrong;
}

/** What the DICOM Server said: the name of the words for it, and its answer where there is one. */
async function ask(reason) {
  const errand = new Errand(page.dataset.errand, { errand: "delete", study_instance_uid: page.dataset.study, reason }, csrf());
  try {
    await errand.token();
  } catch (error) {
    return { name: error instanceof ErrandDenied ? "denied" : "portal_unreachable" };
  }
  let answer;
  try {
    answer = await errand.fetch(`/dicomweb/studies/${page.dataset.study}`, {
      method: "DELETE",
      // A header holds no letters beyond ASCII.
      headers: { Reason: encodeURIComponent(reason) },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT),
    });
  } catch {
    return { name: "unreachable" };
  }
  if (answer.ok) return { name: "deleted", answer };
  if (answer.status === 404) return { name: "gone_already" };
  if (answer.status === 401 || answer.status === 403) return { name: "refused" };
  return { name: answer.status === 503 || answer.status === 507 ? "retained" : "unreachable" };
}

function csrf() {
  return form.querySelector('[name="csrfmiddlewaretoken"]').value;
}

function showDeleted(answer) {
  const number = Number(answer.headers.get("Deleted-Instances"));
  const until = answer.headers.get("Deleted-Kept-Until");
  const values = { number: new Intl.NumberFormat(document.documentElement.lang).format(number) };
  say("deleted", until ? { ...values, until: dayWithYearText(until) } : values);
  if (!until) result.querySelector("[data-kept]").remove();
}

/** Watches until the portal's lists have forgotten the study. */
async function watch() {
  const said = result.children.length;
  say("forgetting", {}, { keep: said });
  const late = Date.now() + PATIENCE;
  for (;;) {
    if (await isForgotten()) break;
    if (Date.now() > late && result.dataset.said !== "still_listed") say("still_listed", {}, { keep: said });
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
  }
  say("forgotten", {}, { keep: said });
}

async function isForgotten() {
  try {
    const answer = await fetch(page.dataset.state, { headers: { Accept: "application/json" }, redirect: "error" });
    return answer.ok && (await answer.json()).is_removed;
  } catch {
    return false;
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const wrong = wrongFields();
  if (wrong.length) {
    wrong[0].focus();
    return;
  }
  button.disabled = true;
  window.onbeforeunload = (leaving) => leaving.preventDefault();
  say("asking");
  result.focus();
  const { name, answer } = await ask(form.elements.reason.value.trim());
  window.onbeforeunload = null;
  if (answer) showDeleted(answer);
  else say(name);
  if (name === "deleted" || name === "gone_already") {
    form.hidden = true;
    await watch();
  } else {
    button.disabled = false;
  }
});

form.addEventListener("input", (event) => {
  const error = form.querySelector(`[data-error="${event.target.name}"]`);
  if (error) error.hidden = true;
  event.target.removeAttribute("aria-invalid");
});

page.dataset.ready = "";
