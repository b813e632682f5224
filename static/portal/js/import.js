// The import page: takes files, sends them straight to the DICOM Server, and says what became of each.

import { Errand } from "./errand.js";
import { canBeWrapped, chosenFiles, droppedFiles } from "./import_files.js";
import { Queue } from "./import_queue.js";
import { Rows, summed } from "./import_rows.js";
import { WrapForm } from "./import_wrap.js";

const POLL = 1500;
const MOST_LINKS = 3;
// The server lists so many uploads at once.
const BATCH = 500;
// What came so long ago is listed, or never will be.
const LISTED_AFTER = 120_000;
const STUDY_PAUSES = [1000, 2000, 4000, 8000, 15_000, 30_000];

const root = document.querySelector("[data-import]");
const words = Object.fromEntries(
  ["sending", "importing", "done", "asked", "stopped", "offline", "denied", "open", "soon", "more"].map((name) => [
    name,
    root.dataset[`words${name[0].toUpperCase()}${name.slice(1)}`],
  ]),
);
const csrf = root.querySelector('[name="csrfmiddlewaretoken"]').value;
const choice = root.querySelector("[data-server]");
const find = (selector) => root.querySelector(selector);

const errands = new Map();
const rows = new Rows(root, find("[data-rows]"));
const earlier = new Rows(root, find("[data-earlier-rows]"));
const queue = new Queue(changed);
const keys = new Map();
let made = 0;
let polling = false;

const server = () => choice.value ?? choice.dataset.value;

/** The errand at the chosen server; one for each study to which something is added. */
function errandFor(study) {
  const id = `${server()} ${study ?? ""}`;
  if (!errands.has(id)) {
    const url = choice.selectedOptions?.[0].dataset.errand ?? root.dataset.errand;
    const order = study ? { errand: "upload", study_instance_uid: study } : { errand: "upload" };
    errands.set(id, new Errand(url, order, csrf));
  }
  return errands.get(id);
}

async function take(files) {
  const direct = [];
  const documents = [];
  for (const one of files) ((await canBeWrapped(one.file).catch(() => false)) ? documents : direct).push(one);
  if (documents.length) wrap.ask(documents);
  if (documents.length && queue.items.length) total();
  if (direct.length) enqueue(direct, null);
}

function enqueue(files, wish) {
  const errand = errandFor(wish?.study_instance_uid ?? wish?.patient_of_study_instance_uid);
  const items = [];
  for (let at = 0; at < files.length; at += BATCH) {
    const batch = crypto.randomUUID?.() ?? String(Date.now() + at);
    for (const one of files.slice(at, at + BATCH)) {
      made += 1;
      keys.set(one.file, made);
      rows.add(made, one.path, one.file.size);
      items.push({ ...one, batch, errand, wish, server: server() });
    }
  }
  find("[data-results]").hidden = false;
  find("[data-all]").hidden = false;
  find("[data-more]").hidden = rows.leftOut === 0;
  find("[data-more]").textContent = words.more.replace("{n}", String(rows.leftOut));
  queue.add(items);
  queue.items.forEach(changed);
}

const wrap = new WrapForm(find("[data-wrap]"), {
  choices: root.dataset.choices,
  csrf,
  server,
  onWish: (items, wish) => {
    if (wish) enqueue(items, wish);
    else if (queue.items.length) total();
  },
});

function shareOf(item) {
  return item.file.size ? Math.floor((100 * item.sent) / item.file.size) : 100;
}

function changed(item) {
  forgetEarlier(item);
  const row = rows.of(keys.get(item.file));
  if (item.state === "done") {
    rows.showResult(row, item.result, words);
    linkStudies(row, item.result.studies, item.server);
  } else {
    rows.show(row, [{ name: item.state, share: shareOf(item) }]);
  }
  total();
  if (item.state === "waiting") poll();
}

function total() {
  const all = queue.items;
  const size = all.reduce((sum, item) => sum + item.file.size, 0);
  const sent = all.reduce((sum, item) => sum + (["done", "waiting"].includes(item.state) ? item.file.size : item.sent), 0);
  const share = size ? Math.floor((100 * sent) / size) : 100;
  const done = all.filter((item) => item.state === "done").length;
  const sending = all.filter((item) => !["done", "waiting"].includes(item.state)).length;
  find("[data-all-bar]").value = share;
  find("[data-stop]").hidden = sending === 0 || queue.isStopped;
  find("[data-go]").hidden = !queue.isStopped || sending === 0;
  const text = all.some((item) => item.denied)
    ? words.denied
    : queue.isStopped && sending
      ? words.stopped
      : all.some((item) => item.state === "broken")
        ? words.offline
        : sending
          ? words.sending.replace("{n}", String(all.length - sending + 1))
          : done < all.length
            ? words.importing.replace("{n}", String(done))
            : wrap.isAsking
              ? words.asked
              : words.done;
  say(text.replaceAll("{total}", String(all.length)).replace("{share}", String(share)));
  const counts = {};
  for (const item of all) {
    for (const [kind, count] of Object.entries(summed(item.result?.counts ?? {}))) counts[kind] = (counts[kind] ?? 0) + count;
  }
  for (const tag of root.querySelectorAll("[data-count]")) {
    const count = counts[tag.dataset.count] ?? 0;
    tag.hidden = count === 0;
    tag.querySelector("b").textContent = String(count);
  }
}

function say(text) {
  const place = find("[data-all-words]");
  if (place.textContent !== text) place.textContent = text;
}

/** Asks what became of files that were sent, until nothing waits. */
async function poll() {
  if (polling) return;
  polling = true;
  try {
    for (;;) {
      const waiting = queue.items.filter((item) => item.state === "waiting");
      if (!waiting.length) return;
      await new Promise((resolve) => setTimeout(resolve, POLL));
      for (const batch of new Set(waiting.map((item) => item.batch))) await settle(batch, waiting).catch(() => undefined);
      queue.wake();
    }
  } finally {
    polling = false;
  }
}

async function settle(batch, waiting) {
  const mine = waiting.filter((item) => item.batch === batch);
  // An upload that was gone on with is of an earlier batch.
  const response = await mine[0].errand.fetch(`/imports/?batch=${encodeURIComponent(batch)}`);
  if (!response.ok) return;
  const listed = new Map((await response.json()).uploads.map((one) => [one.id, one]));
  for (const item of mine) {
    const found = listed.get(item.id) ?? (await single(item));
    if (found?.state !== "done") continue;
    Object.assign(item, { state: "done", result: found });
    changed(item);
  }
}

async function single(item) {
  const response = await item.errand.fetch(`/imports/${item.id}`);
  return response.ok ? response.json() : null;
}

/** A link to each study as soon as the portal lists it. */
async function linkStudies(row, studies, serverId) {
  if (!row || row.dataset.linked || !studies.length) return;
  row.dataset.linked = "yes";
  const cell = row.querySelector("[data-study]");
  cell.replaceChildren(soon());
  for (const uid of studies.slice(0, MOST_LINKS)) {
    const link = await linkWhenListed(uid, serverId);
    cell.querySelector("[data-soon]")?.remove();
    if (link) cell.append(link.cloneNode(true));
  }
}

function soon() {
  const hint = document.createElement("span");
  hint.className = "hint";
  hint.dataset.soon = "";
  hint.textContent = words.soon;
  return hint;
}

const links = new Map();

/** One search a study, however many files are of it. */
function linkWhenListed(uid, serverId) {
  const key = `${serverId} ${uid}`;
  if (!links.has(key)) links.set(key, waitForStudy(uid, serverId));
  return links.get(key);
}

async function waitForStudy(uid, serverId) {
  const query = new URLSearchParams({ study_instance_uid: uid, server: serverId });
  for (const pause of STUDY_PAUSES) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const response = await fetch(`${root.dataset.studies}?${query}`, { headers: { Accept: "application/json" } }).catch(
      () => null,
    );
    if (response?.ok && (await response.json()).results.length) return linkTo(uid, serverId);
  }
  return null;
}

function linkTo(uid, serverId) {
  const link = document.createElement("a");
  link.href = `/studies/${uid}/?server=${serverId}`;
  link.textContent = words.open;
  return link;
}

async function showEarlier() {
  const errand = errandFor(null);
  const response = await errand.fetch("/imports/");
  if (!response.ok) return;
  // Whoever was quick has begun to send by now: that is not from earlier.
  const now = new Set(queue.items.map((item) => item.batch));
  const uploads = (await response.json()).uploads.filter((one) => !now.has(one.batch));
  const unfinished = uploads.filter((one) => one.state === "receiving");
  queue.know(unfinished);
  find("[data-unfinished]").hidden = !unfinished.length;
  find("[data-earlier]").hidden = !uploads.length;
  for (const one of [...unfinished, ...uploads.filter((upload) => upload.state !== "receiving")]) {
    const row = earlier.add(one.id, one.name, one.length);
    if (one.state === "done") {
      earlier.showResult(row, one, words);
      const isOld = Date.now() - Date.parse(one.created_at) > LISTED_AFTER;
      if (isOld) row?.querySelector("[data-study]").append(...one.studies.slice(0, MOST_LINKS).map((uid) => linkTo(uid, server())));
      else linkStudies(row, one.studies, server());
    } else if (one.state === "waiting") {
      earlier.show(row, [{ name: "waiting" }]);
    } else {
      earlier.show(row, [{ name: "unfinished", share: Math.floor((100 * one.received_bytes) / one.length) }]);
      row?.querySelector("[data-give-up]").addEventListener("click", () => giveUp(errand, one));
    }
  }
}

async function giveUp(errand, one) {
  const response = await errand.fetch(`/imports/${one.id}`, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } });
  if (response.ok || response.status === 404) forgetEarlier(one);
}

/** A file that is gone on with has its row above. */
function forgetEarlier({ id }) {
  if (!id || !earlier.of(id)) return;
  earlier.remove(id);
  find("[data-unfinished]").hidden = !root.querySelector('[data-earlier-rows] tr[data-states="unfinished"]');
}

const drop = find("[data-drop]");
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("is-over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("is-over");
  droppedFiles(event.dataTransfer).then(take);
});
for (const name of ["[data-files]", "[data-folder]"]) {
  const input = find(name);
  input.addEventListener("change", () => {
    const files = chosenFiles(input);
    input.value = "";
    take(files);
  });
}
find("[data-stop]").addEventListener("click", () => {
  queue.stop();
  total();
});
find("[data-go]").addEventListener("click", () => {
  queue.goOn();
  total();
});
addEventListener("beforeunload", (event) => {
  if (queue.items.some((item) => ["queued", "sending", "broken"].includes(item.state))) event.preventDefault();
});
root.dataset.ready = "yes";
showEarlier().catch(() => undefined);
