// The files that somebody dropped or chose, folders walked through, each with its path.

const WRAPPABLE = [
  [[0x25, 0x50, 0x44, 0x46], 0],
  [[0xff, 0xd8, 0xff], 0],
  [[0x89, 0x50, 0x4e, 0x47], 0],
  [[0x66, 0x74, 0x79, 0x70], 4],
];
const DIGEST_BYTES = 64 * 1024 * 1024;

/** Files of a drop; it must be asked before the event ends, so it begins at once. */
export function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length) return walk(entries);
  return Promise.resolve([...transfer.files].map((file) => ({ file, path: file.name })));
}

/** Files of an input. */
export function chosenFiles(input) {
  return [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

async function walk(entries) {
  const found = [];
  const waiting = [...entries];
  while (waiting.length) {
    const entry = waiting.shift();
    const path = entry.fullPath.replace(/^\//, "");
    if (entry.isFile) {
      found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), path });
    } else {
      waiting.push(...(await folder(entry)));
    }
  }
  return found;
}

async function folder(entry) {
  const reader = entry.createReader();
  const all = [];
  // A browser gives a folder in portions of a hundred.
  for (;;) {
    const portion = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!portion.length) return all;
    all.push(...portion);
  }
}

/** Whether the file is a document, picture or video, by its first bytes. */
export async function canBeWrapped(file) {
  const head = new Uint8Array(await file.slice(0, 16).arrayBuffer());
  return WRAPPABLE.some(([magic, at]) => magic.every((byte, index) => head[at + index] === byte));
}

/** SHA-256 in hexadecimal digits; "" for files that do not fit into memory, and where the page is not secure. */
export async function digestOf(file) {
  if (file.size > DIGEST_BYTES || !globalThis.crypto?.subtle) return "";
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether it is a medium's own list, which is read when all that lies beside it was taken in. */
export function isDirectory(path) {
  return /(^|\/)DICOMDIR$/i.test(path);
}
