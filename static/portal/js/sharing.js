// The page of a new share link: copies the address, prints the page. Without script both buttons stay hidden.

for (const button of document.querySelectorAll("[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  const words = button.querySelector("[data-words]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      words.textContent = button.dataset.copied;
    } catch {
      // Not allowed, or no secure page: the address is selected, so that the keys for copying work.
      field.focus();
      field.select();
    }
  });
}

for (const button of document.querySelectorAll("[data-prints]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
