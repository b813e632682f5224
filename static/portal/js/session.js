// Warns two minutes before the session ends, and keeps it where the person says so.

const WARN_SECONDS = 120;
// Another tab may have kept the session: who waits long asks now and then.
const LONGEST_WAIT_SECONDS = 600;

const dialog = document.getElementById("session-end");
const stay = dialog.querySelector("[data-stay]");
let timer = 0;

function token() {
  return dialog.querySelector('[name="csrfmiddlewaretoken"]').value;
}

/** Asks how long is left; posting is doing something, and keeps the session. */
async function ask(method) {
  const answer = await fetch(dialog.dataset.asks, {
    method,
    headers: { Accept: "application/json", "X-CSRFToken": token() },
    credentials: "same-origin",
    redirect: "manual",
  });
  if (!answer.ok) throw new Error("The session has ended.");
  return answer.json();
}

function wait(secondsLeft) {
  clearTimeout(timer);
  const seconds = Math.min(Math.max(secondsLeft - WARN_SECONDS, 1), LONGEST_WAIT_SECONDS);
  timer = setTimeout(check, seconds * 1000);
}

function show({ seconds_left: secondsLeft, may_stay: mayStay }) {
  if (secondsLeft > WARN_SECONDS) {
    if (dialog.open) dialog.close();
    wait(secondsLeft);
    return;
  }
  dialog.querySelector("[data-may-stay]").hidden = !mayStay;
  dialog.querySelector("[data-must-go]").hidden = mayStay;
  stay.hidden = !mayStay;
  if (!dialog.open) dialog.showModal();
  clearTimeout(timer);
  timer = setTimeout(check, Math.min(Math.max(secondsLeft, 1), 30) * 1000);
}

async function check() {
  try {
    show(await ask("GET"));
  } catch (error) {
    // Without a network nothing is known; the session may well run on.
    if (error instanceof TypeError) wait(WARN_SECONDS + 30);
    else window.location.reload();
  }
}

stay.addEventListener("click", async () => {
  try {
    show(await ask("POST"));
  } catch {
    window.location.reload();
  }
});
// Escape must not hide that the end comes.
dialog.addEventListener("cancel", (event) => event.preventDefault());

wait(Number(dialog.dataset.sessionEnd));
