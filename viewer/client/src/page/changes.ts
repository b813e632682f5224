/** Differences between objects of settings, as the portal takes them (JSON Merge Patch, RFC 7396). */

export type Fields = Readonly<Record<string, unknown>>;
export type Changes = Fields;

export function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What has to be changed of one object to have the other: null takes a member away. */
export function changesBetween(before: Fields, after: Fields): Changes {
  const changes: Record<string, unknown> = {};
  for (const name of Object.keys(before)) if (!(name in after)) changes[name] = null;
  for (const [name, value] of Object.entries(after)) {
    const was = before[name];
    if (!isRecord(value)) {
      if (!isSame(was, value)) changes[name] = value;
      continue;
    }
    const within = changesBetween(isRecord(was) ? was : {}, value);
    if (!isRecord(was) || Object.keys(within).length > 0) changes[name] = within;
  }
  return changes;
}

/** The object with these changes. */
export function changed(before: Fields, changes: Changes): Fields {
  const after: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    const was = after[name];
    if (value === null) delete after[name];
    else after[name] = isRecord(value) ? changed(isRecord(was) ? was : {}, value) : value;
  }
  return after;
}
