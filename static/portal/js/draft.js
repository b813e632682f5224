// Keeps what a consultant types, a moment after they stop, so that no time-out takes it.

const QUIET_MS = 1500;

const form = document.querySelector("[data-draft-url]");
const field = form?.querySelector("textarea");
const state = form?.querySelector("[data-draft-state]");
let timer = 0;

async function keep() {
  const body = new FormData(form);
  try {
    const answer = await fetch(form.dataset.draftUrl, { method: "POST", body, redirect: "error" });
    state.textContent = answer.ok ? state.dataset.kept : state.dataset.lost;
  } catch {
    state.textContent = state.dataset.lost;
  }
}

field?.addEventListener("input", () => {
  state.textContent = "";
  clearTimeout(timer);
  timer = setTimeout(keep, QUIET_MS);
});
form?.addEventListener("submit", () => clearTimeout(timer));
