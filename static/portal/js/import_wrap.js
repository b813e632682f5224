// Whose documents, pictures and videos are: a study, an order or a patient found at the portal, or a patient typed in.

const PAUSE = 300;

export class WrapForm {
  #form;
  #choices;
  #csrf;
  #items = [];
  #timer = 0;
  #asked = 0;
  #onWish;
  #server;

  /** `choices` is where the portal finds; `onWish(items, wish)` hears what was decided, null to leave the files out. */
  constructor(form, { choices, csrf, server, onWish }) {
    this.#form = form;
    this.#choices = choices;
    this.#csrf = csrf;
    this.#server = server;
    this.#onWish = onWish;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    form.querySelector("[data-wrap-leave]").addEventListener("click", () => this.#finish(null));
    const find = form.querySelector("[data-find]");
    find.addEventListener("input", () => this.#findSoon());
    find.addEventListener("keydown", (event) => this.#intoList(event));
    form.addEventListener("input", () => {
      form.querySelector("[data-wrap-error]").hidden = true;
    });
    for (const radio of form.elements.where) radio.addEventListener("change", () => this.#turn());
  }

  /** Whether files wait for the answer. */
  get isAsking() {
    return this.#items.length > 0;
  }

  ask(items) {
    this.#items.push(...items);
    const names = this.#items.map((item) => item.path);
    this.#form.querySelector("[data-wrap-names]").textContent = names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");
    if (!this.#form.hidden) return;
    this.#form.hidden = false;
    this.#form.querySelector("[data-find]").focus();
  }

  get #where() {
    return this.#form.elements.where.value;
  }

  #turn() {
    for (const part of this.#form.querySelectorAll("[data-where]")) {
      part.hidden = !part.dataset.where.split(" ").includes(this.#where);
    }
    if (this.#where !== "new" && !this.#form.hidden) this.#find();
  }

  /** The arrow leads from what was typed to the first that fits, and in the list on to the next, as radios do. */
  #intoList(event) {
    const first = this.#form.querySelector("[data-choice]:not(:disabled)");
    if (event.key === "Enter" && this.#where !== "new") {
      event.preventDefault();
      this.#find();
    } else if (event.key === "ArrowDown" && first) {
      event.preventDefault();
      first.checked = true;
      first.focus();
    }
  }

  #findSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#find(), PAUSE);
  }

  async #find() {
    clearTimeout(this.#timer);
    this.#asked += 1;
    const asked = this.#asked;
    const trouble = this.#form.querySelector("[data-find-trouble]");
    const text = this.#form.querySelector("[data-find]").value.trim();
    const body = new URLSearchParams({ kind: this.#where, text, server: this.#server() });
    try {
      const headers = { "X-CSRFToken": this.#csrf };
      const response = await fetch(this.#choices, { method: "POST", headers, body, redirect: "error" });
      if (!response.ok) throw new Error(`nothing found: ${response.status}`);
      const html = await response.text();
      // Answers may come in another order than they were asked for.
      if (asked !== this.#asked) return;
      trouble.hidden = true;
      this.#show(html);
    } catch {
      if (asked === this.#asked) trouble.hidden = false;
    }
  }

  /** What was chosen stays chosen where it is still among what fits. */
  #show(html) {
    const list = this.#form.querySelector("[data-found]");
    const before = list.querySelector("[data-choice]:checked");
    list.innerHTML = html;
    for (const choice of list.querySelectorAll("[data-choice]")) {
      if (before && choice.name === before.name && choice.value === before.value) choice.checked = true;
    }
  }

  #submit() {
    const values = this.#form.elements;
    const chosen = this.#form.querySelector("[data-choice]:checked")?.value ?? "";
    const title = values.title.value.trim();
    const wishes = {
      study: () => ({ study_instance_uid: chosen }),
      order: () => ({ accession_number: chosen }),
      patient: () => ({ patient_of_study_instance_uid: chosen }),
      new: () => ({
        patient_name: [values.family.value.trim(), values.given.value.trim()].join("^").replace(/\^$/, ""),
        patient_id: values.patient_id.value.trim(),
        patient_birth_date: values.birth.value.replaceAll("-", ""),
        patient_sex: values.sex.value,
        accession_number: values.accession.value.trim(),
      }),
    };
    const isEnough = this.#where === "new" ? values.family.value.trim() && values.patient_id.value.trim() : chosen;
    this.#form.querySelector("[data-wrap-error]").hidden = Boolean(isEnough);
    if (isEnough) this.#finish({ title, ...wishes[this.#where]() });
  }

  #finish(wish) {
    const items = this.#items;
    this.#items = [];
    this.#form.hidden = true;
    // The next files may be somebody else's; what is still asked for is not theirs.
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.#form.reset();
    this.#form.querySelector("[data-found]").replaceChildren();
    this.#turn();
    this.#onWish(items, wish);
  }
}
