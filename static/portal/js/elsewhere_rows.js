// Rows of "Find elsewhere": a study, where it is, how much of it is here, and what can be done about it.

import { dateText, icon, make, nameOf, numberText, say, timeText } from "./elsewhere_words.js";

const UNDER_WAY = ["waiting", "running"];

/** The archive that has most of the study. */
export function bestArchive(study) {
  const most = (place) => place.instances ?? -1;
  return [...study.archives].sort((a, b) => most(b) - most(a))[0];
}

/** True where nothing more of the study is to be had. */
export function isWhole(study) {
  return study.held > 0 && (study.missing ?? 0) === 0;
}

/** A new row; `acts` is what its buttons call with the study's UID. */
export function makeRow(uid, acts) {
  const row = make("tr");
  row.dataset.study = uid;
  row.tabIndex = -1;
  row.setAttribute("aria-selected", "false");
  for (const name of ["patient", "study", "date", "where", "images", "here"]) {
    row.append(make("td", `col-${name}${name === "images" ? " number" : ""}`));
  }
  row.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button) acts[button.dataset.act](uid);
  });
  return row;
}

/** Shows what is known of the study; what is the same stays, so that no focus is lost. */
export function showRow(row, study, retrieval, openUrl) {
  const state = JSON.stringify([study, retrieval]);
  if (row.dataset.state === state) return;
  row.dataset.state = state;
  const [patient, what, date, where, images, here] = row.cells;
  patient.replaceChildren(...patientLines(study));
  what.replaceChildren(...studyLines(study));
  date.replaceChildren(make("div", "", dateText(study.study_date) || say("date_missing")));
  date.append(make("div", "second", timeText(study.study_time)));
  where.replaceChildren(...whereLines(study));
  images.replaceChildren(...imageLines(study));
  showHere(here, study, retrieval, openUrl);
}

function patientLines(study) {
  const { family, rest, other } = nameOf(study.patient_name);
  const name = make("div", "cut");
  name.dir = "auto";
  name.translate = false;
  if (family || rest) name.append(make("b", "", family), rest ? `, ${rest}` : "");
  else name.append(say("name_missing"));
  if (other) name.append(make("span", "second", ` (${other})`));
  const second = make("div", "second");
  const sex = study.patient_sex ? `${study.patient_sex} ` : "";
  if (study.patient_birth_date) second.append(sex, say("born", { date: dateText(study.patient_birth_date) }));
  else second.append(icon("unsure"), ` ${sex}${say("birth_date_missing")}`);
  if (study.patient_id) second.append(` · ${study.patient_id}`);
  return [name, second];
}

function studyLines(study) {
  const cell = make("div", "study-cell");
  const modalities = study.modalities.join(" ");
  const tag = make("span", "modality", modalities || "–");
  tag.dataset.modality = modalities;
  cell.append(tag, make("span", "cut", study.study_description || say("description_missing")));
  return [cell, make("div", "second", study.accession_number ? `ACC ${study.accession_number}` : "")];
}

function whereLines(study) {
  const [first, ...others] = study.archives;
  const lines = [make("div", "", first?.name ?? "")];
  lines.push(make("div", "second", others.map((place) => place.name).join(", ")));
  return lines;
}

function imageLines(study) {
  const numbers = study.archives.map((place) => place.instances).filter((number) => number !== null);
  if (numbers.length === 0) return [make("div", "second", say("images_unknown"))];
  const second = study.held > 0 && study.missing > 0 ? say("more", { missing: numberText(study.missing) }) : "";
  return [make("div", "", numberText(Math.max(...numbers))), make("div", "second", second)];
}

function showHere(cell, study, retrieval, openUrl) {
  const words = make("div", "here-words");
  const acts = make("div", "here-acts");
  const isUnderWay = retrieval && UNDER_WAY.includes(retrieval.state);
  if (isUnderWay) showArriving(words, acts, retrieval);
  else if (retrieval?.state === "failed" && !isWhole(study)) {
    const line = make("div", "second words-attention wraps", icon("warning"), ` ${retrieval.detail}`);
    line.title = retrieval.detail;
    words.append(line);
    acts.append(button("again", "again"));
  } else if (retrieval?.state === "stopped" && !isWhole(study)) {
    words.append(make("div", "", icon("stopped"), ` ${say("was_stopped", { arrived: numberText(retrieval.arrived) })}`));
    acts.append(button("again", "again"));
  } else {
    words.append(heldWords(study));
    if (!isWhole(study) && study.archives.length > 0) {
      const fetch = button("fetch", study.held > 0 ? "fetch_rest" : "fetch");
      fetch.title = say("fetch_from", { archive: bestArchive(study).name });
      acts.append(fetch);
    }
  }
  if (study.held > 0 && !isUnderWay) {
    const open = make("a", `button small${isWhole(study) ? " primary" : ""}`, say("open"));
    open.href = openUrl;
    open.dataset.open = "";
    acts.append(open);
  }
  const grid = make("div", "here-cell", words, acts);
  const focused = cell.contains(document.activeElement) ? document.activeElement.dataset.act : null;
  cell.replaceChildren(grid);
  // Whoever pressed Fetch by keyboard stands at the row, where the next key goes.
  if (focused) (grid.querySelector(`[data-act="${focused}"]`) ?? cell.parentElement).focus({ preventScroll: true });
}

function showArriving(words, acts, retrieval) {
  const all = retrieval.expected === null ? null : Math.max(retrieval.expected - retrieval.held_before, 0);
  let text = say("turn");
  if (retrieval.is_stopping) text = say("stopping");
  else if (retrieval.state === "running") {
    const parts = { arrived: numberText(retrieval.arrived), all: numberText(all ?? 0) };
    text = say(all === null ? "arriving_unknown" : "arriving", parts);
  }
  const line = make("div", "", text);
  if (!retrieval.is_mine) line.append(` ${say("by_colleague")}`);
  words.append(line);
  if (all !== null) {
    const bar = make("progress", "fetch-bar");
    bar.max = Math.max(all, 1);
    bar.value = Math.min(retrieval.arrived, all);
    bar.setAttribute("aria-label", text);
    words.append(bar);
  }
  if (!retrieval.is_stopping) acts.append(button("stop", "stop"));
}

function heldWords(study) {
  if (study.held === 0) return make("div", "second", say("not_here"));
  if (isWhole(study)) return make("div", "words-ok", icon("here"), ` ${say("all_here")}`);
  const all = study.missing === null ? null : study.held + study.missing;
  const parts = { held: numberText(study.held), all: numberText(all ?? 0) };
  return make("div", "", say(all === null ? "held_here" : "some_here", parts));
}

function button(act, name) {
  const made = make("button", "button small", say(name));
  made.type = "button";
  made.dataset.act = act;
  return made;
}
