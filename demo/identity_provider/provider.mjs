// An OpenID provider for the demonstration and the tests: `node provider.mjs CONFIGURATION.json` runs one until SIGTERM.
//
// The configuration names the port, the issuer, clients, accounts and the claims of each scope (README.md lists all).
// The file is read again for each sign-in, so that accounts may be added or changed while the provider runs.

import { createHash, generateKeyPairSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

import { escaped, errorPage, loginPage, logoutPage, loggedOutPage, STYLE_DIGEST } from './pages.mjs';

const HOST = '127.0.0.1';
const LARGEST_FORM = 16 * 1024;
const HOUR = 3600;

const configurationFile = process.argv[2];
if (!configurationFile) {
  console.error('Name the configuration: node provider.mjs CONFIGURATION.json');
  process.exit(2);
}
const configuration = readConfiguration();
const name = configuration.name ?? 'Demo national identity provider';

function readConfiguration() {
  return JSON.parse(readFileSync(configurationFile, 'utf8'));
}

function accounts() {
  return readConfiguration().accounts ?? [];
}

/** Signing keys (RS256 and ES256) and the secret of cookies: kept in `keys_file` where one is named, else of this run. */
function secrets() {
  const file = configuration.keys_file;
  if (file && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const made = {
    cookies: randomBytes(32).toString('base64url'),
    jwks: {
      keys: [
        privateKey('rsa', { modulusLength: 2048 }, 'RS256'),
        privateKey('ec', { namedCurve: 'P-256' }, 'ES256'),
      ],
    },
  };
  if (file) {
    const draft = `${file}.draft`;
    writeFileSync(draft, JSON.stringify(made), { mode: 0o600 });
    chmodSync(draft, 0o600);
    renameSync(draft, file);
  }
  return made;
}

function privateKey(kind, options, algorithm) {
  const { privateKey: key } = generateKeyPairSync(kind, options);
  const kid = randomBytes(12).toString('base64url');
  return { ...key.export({ format: 'jwk' }), alg: algorithm, use: 'sig', kid };
}

function origins(clients) {
  const addresses = clients.flatMap((one) => [...one.redirect_uris, ...(one.post_logout_redirect_uris ?? [])]);
  return [...new Set(addresses.map((address) => new URL(address).origin))];
}

// Browsers hold a form to its form-action through every redirect that follows, so it names where people return to.
const policy = [
  "default-src 'none'",
  `style-src '${STYLE_DIGEST}'`,
  'img-src data:',
  `form-action 'self' ${origins(configuration.clients).join(' ')}`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const { cookies, jwks } = secrets();
// Cookies know no ports: two providers of one machine must not take each other's.
const prefix = `provider_${configuration.port}`;

const provider = new Provider(configuration.issuer, {
  clients: configuration.clients.map((one) => ({ response_types: ['code'], grant_types: ['authorization_code'], ...one })),
  jwks,
  claims: { openid: ['sub'], ...configuration.claims },
  conformIdTokenClaims: configuration.claims_in_id_token === false,
  cookies: {
    keys: [cookies],
    names: { session: `${prefix}_session`, interaction: `${prefix}_interaction`, resume: `${prefix}_resume` },
  },
  responseTypes: ['code'],
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        answer(ctx, logoutPage(name, form));
      },
      postLogoutSuccessSource: (ctx) => {
        answer(ctx, loggedOutPage(name));
      },
    },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: {
    AccessToken: HOUR,
    AuthorizationCode: 60,
    Grant: HOUR,
    IdToken: configuration.id_token_seconds ?? 600,
    Interaction: HOUR,
    Session: HOUR,
  },
  findAccount: (_, sub) => {
    const found = accounts().find((one) => one.sub === sub);
    return found && { accountId: sub, claims: () => ({ ...found.claims, sub }) };
  },
  // Nobody is asked for consent: the network is a service of the same state, or of the same hospital.
  loadExistingGrant: async (ctx) => {
    const { client, session, params, provider: own } = ctx.oidc;
    const grant = new own.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope(params.scope);
    await grant.save();
    return grant;
  },
  renderError: (ctx, out) => {
    answer(ctx, errorPage(name, out));
  },
});

function answer(ctx, page) {
  ctx.set('Content-Security-Policy', policy);
  ctx.set('Cache-Control', 'no-store');
  ctx.type = 'html';
  ctx.body = page;
}

function send(response, status, page) {
  response.writeHead(status, {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': policy,
    'Content-Type': 'text/html; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(page);
}

async function form(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > LARGEST_FORM) throw new Error('The form is too large.');
    parts.push(part);
  }
  return new URLSearchParams(Buffer.concat(parts).toString('utf8'));
}

function same(given, expected) {
  const digests = [given, expected].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(...digests);
}

/** The page on which a person gives user name and password, and what becomes of them. */
async function interact(request, response) {
  const { prompt, params, uid } = await provider.interactionDetails(request, response);
  if (prompt.name !== 'login') throw new Error(`There is no page for ${prompt.name}.`);
  const show = (status, username, wrong) =>
    send(response, status, loginPage(name, { uid, username, wrong }));
  if (request.method === 'GET') {
    show(200, params.login_hint ?? '', false);
    return;
  }
  const given = await form(request);
  if (given.has('cancel')) {
    const refused = { error: 'access_denied', error_description: 'The person went back.' };
    await provider.interactionFinished(request, response, refused, { mergeWithLastSubmission: false });
    return;
  }
  const username = (given.get('username') ?? '').trim();
  const account = accounts().find((one) => one.username === username);
  if (!account || !same(given.get('password') ?? '', account.password)) {
    show(401, username, true);
    return;
  }
  const done = { login: { accountId: account.sub, remember: false } };
  await provider.interactionFinished(request, response, done, { mergeWithLastSubmission: false });
}

const handle = provider.callback();
const server = createServer((request, response) => {
  if (!/^\/interaction\/[\w-]+$/.test(request.url) || !['GET', 'POST'].includes(request.method)) {
    handle(request, response);
    return;
  }
  interact(request, response).catch((error) => {
    console.error(escaped(String(error.message)));
    send(response, 400, errorPage(name, { error: 'This sign-in has ended. Go back and begin again.' }));
  });
});
server.listen(configuration.port, HOST, () => console.log(`${name} answers at ${configuration.issuer}`));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.close();
    server.closeAllConnections();
    process.exit(0);
  });
}
