// Whose documents, pictures and videos are: a study found among those that the person may see, or a patient typed in.

const PAUSE = 300;
const SHOWN = 8;

export class WrapForm {
  #form;
  #studies;
  #items = [];
  #timer = 0;
  #onWish;
  #server;

  /** `onWish(items, wish)` hears what the person decided; `wish` is null where the files are left out. */
  constructor(form, studiesUrl, server, onWish) {
    this.#form = form;
    this.#studies = studiesUrl;
    this.#server = server;
    this.#onWish = onWish;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    form.querySelector("[data-wrap-leave]").addEventListener("click", () => this.#finish(null));
    form.querySelector("[data-find]").addEventListener("input", () => this.#findSoon());
    form.addEventListener("input", () => {
      form.querySelector("[data-wrap-error]").hidden = true;
    });
    for (const radio of form.elements.where) radio.addEventListener("change", () => this.#turn());
  }

  ask(items) {
    this.#items.push(...items);
    const names = this.#items.map((item) => item.path);
    this.#form.querySelector("[data-wrap-names]").textContent = names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");
    if (!this.#form.hidden) return;
    this.#form.hidden = false;
    this.#form.querySelector("[data-find]").focus();
  }

  #turn() {
    const where = this.#form.elements.where.value;
    for (const part of this.#form.querySelectorAll("[data-where]")) part.hidden = part.dataset.where !== where;
  }

  #findSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#find().catch(() => this.#show([], true)), PAUSE);
  }

  async #find() {
    const text = this.#form.querySelector("[data-find]").value.trim();
    if (text.length < 2) return this.#show([], false);
    const query = new URLSearchParams({ search: text, server: this.#server(), page_size: String(SHOWN) });
    const response = await fetch(`${this.#studies}?${query}`, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`no studies: ${response.status}`);
    return this.#show((await response.json()).results, true);
  }

  #show(studies, asked) {
    this.#form.querySelector("[data-none]").hidden = !asked || studies.length > 0;
    this.#form.querySelector("[data-found]").replaceChildren(...studies.map(choiceOf));
  }

  #submit() {
    const values = this.#form.elements;
    const wish = { title: values.title.value.trim() };
    if (values.where.value === "study") {
      wish.study_instance_uid = this.#form.querySelector('[name="study"]:checked')?.value ?? "";
    } else {
      const parts = [values.family.value.trim(), values.given.value.trim()];
      wish.patient_name = parts[0] ? parts.join("^").replace(/\^$/, "") : "";
      wish.patient_id = values.patient_id.value.trim();
      wish.patient_birth_date = values.birth.value.replaceAll("-", "");
      wish.patient_sex = values.sex.value;
      wish.accession_number = values.accession.value.trim();
    }
    // An order alone says whose it is.
    const isOrder = wish.accession_number && !wish.patient_name && !wish.patient_id;
    const enough = wish.study_instance_uid || isOrder || (wish.patient_name && wish.patient_id);
    this.#form.querySelector("[data-wrap-error]").hidden = Boolean(enough);
    if (enough) this.#finish(wish);
  }

  #finish(wish) {
    const items = this.#items;
    this.#items = [];
    this.#form.hidden = true;
    this.#onWish(items, wish);
  }
}

function choiceOf(study) {
  const label = document.createElement("label");
  const radio = document.createElement("input");
  Object.assign(radio, { type: "radio", name: "study", value: study.study_instance_uid });
  const words = document.createElement("span");
  const name = document.createElement("span");
  name.translate = false;
  name.dir = "auto";
  name.className = "person-name";
  const [family, ...given] = study.patient_name.split("=")[0].split("^");
  const bold = document.createElement("b");
  bold.textContent = family;
  name.append(bold, given.filter(Boolean).length ? `, ${given.filter(Boolean).join(" ")}` : "");
  const second = document.createElement("span");
  second.className = "second";
  second.textContent = [
    study.patient_sex,
    study.patient_birth_date,
    study.patient_id,
    study.modalities_in_study.join(" "),
    study.study_description,
    study.study_date,
  ]
    .filter(Boolean)
    .join(" · ");
  words.append(name, second);
  label.append(radio, words);
  return label;
}
