// The page of a new share link: prints itself. Without script the button stays hidden.

for (const button of document.querySelectorAll("[data-prints]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
