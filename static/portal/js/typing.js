// Tells whether a key is meant for a field: single-letter keys rest while somebody types.

const FIELDS = "input, textarea, select, [contenteditable]";

/** @param {KeyboardEvent} event */
export function isTyping(event) {
  return event.target instanceof Element && event.target.closest(FIELDS) !== null;
}
