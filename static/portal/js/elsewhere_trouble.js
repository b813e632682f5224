// The one line of "Find elsewhere" that says what does not work, what works meanwhile, and when it is tried again.

import { Problem } from "./elsewhere_server.js";
import { say } from "./elsewhere_words.js";
import { ErrandDenied } from "./errand.js";

const TRY_AGAIN_SECONDS = 10;

export class Trouble {
  #line;
  #words;
  #button;
  #timer = 0;

  constructor(line) {
    this.#line = line;
    this.#words = line.querySelector("[data-trouble-words]");
    this.#button = line.querySelector("[data-try-now]");
  }

  calm() {
    clearInterval(this.#timer);
    this.#line.hidden = true;
  }

  say(text) {
    clearInterval(this.#timer);
    this.#line.hidden = false;
    this.#button.hidden = true;
    this.#words.textContent = text;
  }

  /** What went wrong with the server of this name; `again` is called when it may be back. */
  tell(error, server, again) {
    if (error instanceof ErrandDenied) this.say(say("denied"));
    else if (error instanceof Problem) this.say(say("refused", { detail: error.message }));
    else this.#wait(server, again);
  }

  #wait(server, again) {
    let seconds = TRY_AGAIN_SECONDS;
    this.say(say("unreachable", { server, seconds }));
    const tryNow = () => {
      clearInterval(this.#timer);
      again();
    };
    this.#button.hidden = false;
    this.#button.onclick = tryNow;
    this.#timer = setInterval(() => {
      seconds -= 1;
      if (seconds <= 0) tryNow();
      else this.#words.textContent = say("unreachable", { server, seconds });
    }, 1000);
  }
}
