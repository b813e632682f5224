// Buttons that copy the text of a field or of an element. Without script they stay hidden.

for (const button of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  const words = button.querySelector("[data-words]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
      words.textContent = button.dataset.copied;
    } catch {
      // Not allowed, or no secure page: the text is selected, so that the keys for copying work.
      if (source.select) {
        source.focus();
        source.select();
      } else getSelection().selectAllChildren(source);
    }
  });
}
