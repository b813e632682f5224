// The few pages that people see of the provider: plain, large enough for a thumb, without script or outside resources.

import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; --line: #76838f; --button: #0f5fa6; --wrong: #b3221d; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.45 system-ui, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif;
  background: #f4f6f8; color: #16202a; }
main { max-width: 420px; margin: 8vh auto; padding: 24px; background: #fff; border-radius: 10px; }
h1 { margin: 0 0 4px; font-size: 22px; line-height: 28px; }
p { margin: 0 0 16px; }
label { display: block; margin: 16px 0 4px; font-weight: 600; }
input { width: 100%; min-height: 48px; padding: 8px 12px; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: 4px; }
button { width: 100%; min-height: 48px; margin-top: 16px; padding: 8px 16px; font: inherit; font-weight: 600;
  color: #fff; background: var(--button); border: 1px solid var(--button); border-radius: 4px; cursor: pointer; }
button.second { color: inherit; background: transparent; border-color: var(--line); }
input:focus-visible, button:focus-visible { outline: 2px solid #0f5fa6; outline-offset: 1px; }
.wrong { color: var(--wrong); font-weight: 600; }
.note { margin: 24px 0 0; font-size: 13px; }
@media (max-width: 480px) { main { margin: 0; min-height: 100vh; border-radius: 0; } }
@media (prefers-color-scheme: dark) {
  :root { --line: #6f7d8a; --button: #2470b3; --wrong: #ff8a80; }
  body { background: #0d1114; color: #e2e7ec; }
  main { background: #141a1f; }
  input:focus-visible, button:focus-visible { outline-color: #74b8f2; }
}
`;

/** What a Content-Security-Policy says to let the style of these pages through. */
export const STYLE_DIGEST = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;

/** Text that stands in a page as itself. */
export function escaped(text) {
  const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

function page(title, body) {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

/** User name and password. */
export function loginPage(title, { uid, username, wrong }) {
  const refusal = wrong ? '<p class="wrong" role="alert">User name and password do not belong together.</p>' : '';
  return page(
    title,
    `<p>Sign in to continue to DICOM Network.</p>
${refusal}
<form method="post" action="/interaction/${escaped(uid)}">
<label for="username">User name</label>
<input id="username" name="username" value="${escaped(username)}" autocomplete="username" autocapitalize="none"
  spellcheck="false" required${username ? '' : ' autofocus'}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${username ? ' autofocus' : ''}>
<button type="submit">Sign in</button>
<button class="second" type="submit" name="cancel" value="1" formnovalidate>Go back</button>
</form>
<p class="note">For demonstrations. It knows invented people only.</p>`,
  );
}

/** The question before signing out; `form` comes from the library. */
export function logoutPage(title, form) {
  return page(
    title,
    `<p>Sign out here too?</p>
${form}
<button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<button class="second" type="submit" form="op.logoutForm">Stay signed in</button>`,
  );
}

/** After signing out, where no address to return to was given. */
export function loggedOutPage(title) {
  return page(title, '<p>You are signed out.</p>');
}

/** What went wrong. */
export function errorPage(title, out) {
  const lines = [out.error, out.error_description].filter(Boolean).map((line) => `<p>${escaped(line)}</p>`);
  return page(title, lines.join('\n'));
}
