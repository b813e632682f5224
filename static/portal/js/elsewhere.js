// "Find elsewhere": asks the DICOM Server straight from the browser what other archives have, and has studies fetched.
//
// What is looked for comes behind the # of the address, which no server and no log sees. Tokens stay in memory.

import { ElsewhereServer } from "./elsewhere_server.js";
import { bestArchive, isWhole, makeRow, showRow } from "./elsewhere_rows.js";
import { Trouble } from "./elsewhere_trouble.js";
import { icon, make, numberText, say } from "./elsewhere_words.js";
import { Rows } from "./rows.js";
import { isTyping } from "./typing.js";

const SEARCH_EVERY = 500;
const FETCH_EVERY = 1000;
const IDLE_EVERY = 15_000;
const UNDER_WAY = ["waiting", "running"];

const root = document.querySelector("[data-elsewhere]");
const part = (name) => root.querySelector(`[data-${name}]`);
const form = part("form");
const found = part("found");
const lately = part("lately");
const trouble = new Trouble(part("trouble"));

let server = null;
let archives = [];
let search = null;
let retrievals = [];
let stillWhole = new Set();
let searchTimer = 0;
let fetchTimer = 0;
/** Rows by study, in the order in which they came: none moves under the pointer. */
const rows = new Map();
const selection = new Rows(root, "tr[data-study]");

// What is shown

function openUrl(uid) {
  return `/viewer/${uid}/?server=${server.id}`;
}

/** The last retrieval of a study. */
function retrievalOf(uid) {
  return retrievals.find((retrieval) => retrieval.study_instance_uid === uid) ?? null;
}

function rowOf(uid, body) {
  let row = rows.get(uid);
  if (!row) {
    row = makeRow(uid, ACTS);
    rows.set(uid, row);
  }
  if (row.parentElement !== body) body.append(row);
  return row;
}

function show() {
  const studies = search?.studies ?? [];
  const uids = new Set(studies.map((study) => study.study_instance_uid));
  for (const study of studies) {
    const uid = study.study_instance_uid;
    showRow(rowOf(uid, found), study, retrievalOf(uid), openUrl(uid));
  }
  showLately(retrievals.filter((retrieval) => !uids.has(retrieval.study_instance_uid)));
  for (const [uid, row] of rows) {
    if (row.parentElement === found && !uids.has(uid)) {
      row.remove();
      rows.delete(uid);
    }
  }
  if (!selection.selected) selection.begin(selection.all[0]);
  showCounts(studies.length);
}

/** What was fetched before, without the studies that the search shows anyhow. */
function showLately(others) {
  const seen = new Set();
  for (const retrieval of others) {
    const uid = retrieval.study_instance_uid;
    if (seen.has(uid)) continue;
    seen.add(uid);
    const held = retrieval.held_before + retrieval.arrived;
    const missing = retrieval.expected === null ? null : Math.max(retrieval.expected - held, 0);
    const place = { name: retrieval.archive, instances: retrieval.expected };
    const study = { ...retrieval, archives: [place], held, missing };
    showRow(rowOf(uid, lately), study, retrieval, openUrl(uid));
  }
  if (seen.size > 0 && !lately.querySelector(".lately-head")) {
    const head = make("th", "", say("lately"));
    head.colSpan = 6;
    const line = make("tr", "lately-head", head);
    lately.prepend(line);
  }
  lately.hidden = seen.size === 0;
}

function showCounts(number) {
  const count = search ? say(search.is_under_way ? "found_so_far" : "found", { number: numberText(number) }) : "";
  if (part("count").textContent !== count) part("count").textContent = count;
  part("foot-count").textContent = count;
  part("stop-search").hidden = !search?.is_under_way;
  part("begin").hidden = search !== null || retrievals.length > 0 || archives.length === 0;
  const isEmpty = search !== null && !search.is_under_way && number === 0;
  const knowsNone = server !== null && archives !== null && archives.length === 0 && server.isKnown;
  part("empty").hidden = !isEmpty && !knowsNone;
  // Where nobody answered, nothing is known of what they hold.
  const isAnswered = search?.archives.some((archive) => archive.state === "answered" || archive.state === "limited");
  const words = knowsNone ? "no_archives" : isAnswered ? "nothing" : "nobody";
  part("empty-words").textContent = say(words);
  part("empty-hint").textContent = say(`${words}_hint`);
}

const SIGNS = { failed: ["failed", "danger"], answered: ["ok", ""], limited: ["warning", "attention"], stopped: ["stopped", ""] };

/** One chip an archive: whether it answers, and in a search how far it is. */
function showArchives() {
  const asked = new Map((search?.archives ?? []).map((archive) => [archive.name, archive]));
  const chips = archives.map((archive) => {
    const now = asked.get(archive.name);
    const [sign, tone] = SIGNS[now?.state ?? archive.state] ?? ["wait", ""];
    const words = now ? say(now.state, { number: numberText(now.studies) }) : say(archive.words);
    const chip = make("li", `tag ${tone}`, icon(sign), make("b", "", archive.name), ` ${words}`);
    chip.dataset.archive = archive.name;
    chip.dataset.state = now?.state ?? archive.state;
    const detail = now?.detail || archive.detail || "";
    if (detail) {
      chip.title = detail;
      if (now?.state === "failed") chip.append(`: ${detail}`);
    }
    return chip;
  });
  part("archives").replaceChildren(...chips);
}

/** Does it, and tells where it could not be done; `again` is done when the server may be back. */
async function attempt(act, again) {
  try {
    const result = await act();
    trouble.calm();
    return result;
  } catch (error) {
    trouble.tell(error, server.name, again);
    return null;
  }
}

// Searching

function wordsOf() {
  const data = new FormData(form);
  const words = {};
  for (const name of ["patient_name", "patient_id", "accession_number", "study_date_from", "study_date_to"]) {
    const value = String(data.get(name) ?? "").trim();
    if (value) words[name] = value;
  }
  if (data.get("modality")) words.modalities = [data.get("modality")];
  return words;
}

async function beginSearch() {
  const words = wordsOf();
  if (Object.keys(words).every((name) => name === "modalities")) {
    trouble.say(say("too_little"));
    return;
  }
  if (search?.is_under_way) await stopSearch();
  const begun = await attempt(() => server.ask("/searches", "POST", words), beginSearch);
  if (!begun) return;
  search = begun;
  show();
  showArchives();
  followSearch();
}

function followSearch() {
  clearTimeout(searchTimer);
  if (!search?.is_under_way) return;
  searchTimer = setTimeout(async () => {
    await refreshSearch();
    followSearch();
  }, SEARCH_EVERY);
}

async function refreshSearch() {
  if (!search) return;
  const id = search.id;
  const now = await attempt(() => server.ask(`/searches/${id}`), followSearch);
  if (!now || search?.id !== id) return;
  // The server sorts anew with each answer; what stands here stays where it is.
  search = now;
  show();
  showArchives();
}

async function stopSearch() {
  const id = search?.id;
  if (!id) return;
  await attempt(() => server.ask(`/searches/${id}`, "DELETE"), stopSearch);
  await refreshSearch();
}

// Fetching

async function refreshRetrievals() {
  const now = await attempt(() => server.ask("/retrievals"), resume);
  if (!now) return;
  retrievals = now.retrievals;
  const ended = retrievals.filter((one) => !UNDER_WAY.includes(one.state)).map((one) => one.id);
  const isNew = ended.some((id) => !stillWhole.has(id));
  stillWhole = new Set(ended);
  show();
  // How much of a study is here is for the server to say.
  if (isNew && search && !search.is_under_way) await refreshSearch();
}

function followRetrievals() {
  clearTimeout(fetchTimer);
  const isBusy = retrievals.some((retrieval) => UNDER_WAY.includes(retrieval.state));
  fetchTimer = setTimeout(
    async () => {
      if (!document.hidden || isBusy) await refreshRetrievals();
      followRetrievals();
    },
    isBusy ? FETCH_EVERY : IDLE_EVERY,
  );
}

async function fetchStudy(uid) {
  const study = search?.studies.find((one) => one.study_instance_uid === uid);
  if (!study || isWhole(study) || study.archives.length === 0) return;
  if (UNDER_WAY.includes(retrievalOf(uid)?.state)) return;
  const order = { search: search.id, study_instance_uid: uid, archive: bestArchive(study).name };
  await change(() => server.ask("/retrievals", "POST", order));
}

async function fetchAgain(uid) {
  const retrieval = retrievalOf(uid);
  if (retrieval) await change(() => server.ask(`/retrievals/${retrieval.id}/again`, "POST"));
}

async function stopFetching(uid) {
  const retrieval = retrievalOf(uid);
  if (retrieval && UNDER_WAY.includes(retrieval.state)) {
    await change(() => server.ask(`/retrievals/${retrieval.id}`, "DELETE"));
  }
}

async function change(act) {
  if ((await attempt(act, resume)) === null) return;
  await refreshRetrievals();
  followRetrievals();
}

const ACTS = { fetch: fetchStudy, again: fetchAgain, stop: stopFetching };

// Keyboard and pointer

const KEYS = {
  ...selection.keys,
  f: () => selection.selected && fetchStudy(selection.selected.dataset.study),
  s: () => selection.selected && stopFetching(selection.selected.dataset.study),
  Enter: () => selection.selected?.querySelector("[data-open]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && search?.is_under_way) {
    stopSearch();
    return;
  }
  if (isTyping(event)) return;
  const onControl = event.target instanceof Element && event.target.closest("a, button, summary");
  if (onControl && (event.key === "Enter" || event.key === " ")) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act && !event.shiftKey) {
    event.preventDefault();
    act();
  }
});

root.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-study]");
  if (row && !event.target.closest("a, button")) selection.select(row);
});

root.addEventListener("dblclick", (event) => {
  event.target.closest("tr[data-study]")?.querySelector("[data-open]")?.click();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  beginSearch();
});

part("stop-search").addEventListener("click", stopSearch);
form.elements.server.addEventListener("change", begin);

// The beginning

function fillFromAddress() {
  const given = new URLSearchParams(window.location.hash.slice(1));
  let isAny = false;
  for (const [name, value] of given) {
    const field = form.elements[name];
    if (field && name !== "server" && name !== "csrfmiddlewaretoken" && value) {
      field.value = value;
      isAny ||= name !== "modality";
    }
  }
  return isAny;
}

async function learnArchives() {
  const known = await attempt(() => server.ask("/archives"), resume);
  if (!known) return;
  server.isKnown = true;
  archives = known.archives.map((archive) => ({ ...archive, state: "checking", words: "checking" }));
  showArchives();
  show();
  for (const archive of archives) checkArchive(archive);
}

async function checkArchive(archive) {
  try {
    const now = await server.ask(`/archives/${encodeURIComponent(archive.name)}`);
    archive.state = now.answers ? "answered" : "failed";
    archive.words = now.answers ? "answers" : "silent";
    archive.detail = now.detail;
  } catch {
    // A search will tell.
    archive.state = "stopped";
    archive.words = "checking";
  }
  showArchives();
}

async function begin() {
  clearTimeout(searchTimer);
  clearTimeout(fetchTimer);
  const chosen = form.elements.server.selectedOptions[0];
  server = new ElsewhereServer(chosen.value, chosen.textContent, chosen.dataset.errands, form.elements.csrfmiddlewaretoken.value);
  search = null;
  archives = [];
  retrievals = [];
  show();
  showArchives();
  await resume();
}

/** Asks at once for all that is not known, and for what may have changed meanwhile. */
async function resume() {
  if (!server.isKnown) await learnArchives();
  await refreshRetrievals();
  followRetrievals();
}

const isAsked = fillFromAddress();
begin().then(() => {
  if (isAsked) beginSearch();
  else form.elements.patient_name.focus();
});
