import { describe, expect, it } from "vitest";
import { Refused, Unreachable } from "../src/http/failures.ts";
import type { Trouble } from "../src/http/gate.ts";
import { broughtToken, lifetimeOf, parseToken, tokenFailure } from "../src/http/portal.ts";
import { TokenKeeper, type ViewerToken } from "../src/http/tokens.ts";
import { FakeClock, settled } from "./samples.ts";

const LIFE = 300_000;

function keeper(answers: (number | Error)[] = [], brings = false) {
  const clock = new FakeClock();
  const value = { token: "brought", dicomwebUrl: "https://pacs.example", serverId: "s", lifetime: LIFE };
  const first = brings ? { value, asked: clock.now() } : null;
  const troubles: (Trouble | null)[] = [];
  let asked = 0;
  const request = async (): Promise<ViewerToken> => {
    const answer = answers[asked] ?? LIFE;
    asked += 1;
    await Promise.resolve();
    if (answer instanceof Error) throw answer;
    return { token: `token-${asked}`, dicomwebUrl: "https://pacs.example", serverId: "s", lifetime: answer };
  };
  const onTrouble = (trouble: Trouble | null) => troubles.push(trouble);
  return {
    clock,
    troubles,
    tokens: new TokenKeeper(request, { clock, onTrouble, first }),
    asked: () => asked,
  };
}

describe("the keeper of the viewer token", () => {
  it("asks once for many requests at the same time", async () => {
    const { tokens, asked } = keeper();
    const all = await Promise.all([tokens.current(), tokens.current(), tokens.current()]);
    expect(all.map(({ token }) => token)).toEqual(["token-1", "token-1", "token-1"]);
    expect(asked()).toBe(1);
  });

  it("begins with the token that the page brought, as long as it lasts", async () => {
    const { clock, tokens, asked } = keeper([], true);
    expect((await tokens.current()).token).toBe("brought");
    expect(asked()).toBe(0);
    await clock.pass(LIFE * 0.7);
    expect((await tokens.current()).token).toBe("token-1");
  });

  it("renews at 70 % of its life without being asked, so that no request waits", async () => {
    const { clock, tokens, asked } = keeper();
    await tokens.current();
    await clock.pass(LIFE * 0.7 - 1);
    expect(asked()).toBe(1);
    await clock.pass(1);
    expect(asked()).toBe(2);
    expect((await tokens.current()).token).toBe("token-2");
  });

  it("goes on renewing for as long as the page is open", async () => {
    const { clock, tokens, asked } = keeper();
    await tokens.current();
    await clock.pass(3600_000);
    expect(asked()).toBe(1 + Math.floor(3600_000 / (LIFE * 0.7)));
  });

  it("never hands out a token in the last five seconds of its life", async () => {
    const { clock, tokens, asked } = keeper([LIFE, new Refused(403, "", "")]);
    await tokens.current();
    await clock.pass(LIFE - 5_001);
    expect((await tokens.current()).token).toBe("token-1");
    await clock.pass(2);
    expect((await tokens.current()).token).toBe("token-3");
    expect(asked()).toBe(3);
  });

  it("renews once for all requests whose token a server refused", async () => {
    const { tokens, asked } = keeper();
    const refused = await tokens.current();
    const renewed = await Promise.all([tokens.after(refused), tokens.after(refused), tokens.after(refused)]);
    expect(renewed.map(({ token }) => token)).toEqual(["token-2", "token-2", "token-2"]);
    expect((await tokens.after(refused)).token).toBe("token-2");
    expect(asked()).toBe(2);
  });

  it("tries again, ever more patiently, while the portal cannot be reached", async () => {
    const { clock, tokens, troubles, asked } = keeper([new Unreachable(), new Unreachable(), LIFE]);
    const waiting = tokens.current();
    await clock.pass(999);
    expect(asked()).toBe(1);
    await clock.pass(1 + 2000);
    expect((await waiting).token).toBe("token-3");
    expect(troubles.map((trouble) => trouble?.attempt ?? null)).toEqual([1, 2, null]);
  });

  it("tries at once on Try now", async () => {
    const { tokens, asked } = keeper([new Unreachable(), LIFE]);
    const waiting = tokens.current();
    await settled();
    await settled();
    tokens.tryNow();
    expect((await waiting).token).toBe("token-2");
    expect(asked()).toBe(2);
  });

  it("gives a refusal on, and asks anew at the next request", async () => {
    const { tokens, troubles } = keeper([new Refused(404, "not_found", "no"), LIFE]);
    await expect(tokens.current()).rejects.toThrow(Refused);
    expect((await tokens.current()).token).toBe("token-2");
    expect(troubles).toEqual([]);
  });
});

describe("the portal's answer", () => {
  const body = {
    server: { id: "s1", dicomweb_url: "https://pacs.example/dicomweb/" },
    token: "abc",
    expires_at: "2026-11-20T10:05:00Z",
  };
  const DATE = "Fri, 20 Nov 2026 10:00:00 GMT";

  it("is read by the portal's clock, not by the workstation's", () => {
    const wrongClock = Date.parse("2031-01-01T00:00:00Z");
    expect(parseToken(body, DATE, wrongClock)).toEqual({
      token: "abc",
      dicomwebUrl: "https://pacs.example/dicomweb",
      serverId: "s1",
      lifetime: 300_000,
    });
  });

  it("is read by our clock where it brings no date", () => {
    expect(lifetimeOf(body.expires_at, null, Date.parse("2026-11-20T10:03:00Z"))).toBe(120_000);
  });

  it("never makes us ask more than every 20 seconds, nor less than every 5 minutes", () => {
    expect(lifetimeOf("2026-11-20T09:00:00Z", DATE, 0)).toBe(20_000);
    expect(lifetimeOf("2027-11-20T09:00:00Z", DATE, 0)).toBe(300_000);
  });

  it("that the page brings is read by the time that the page says, and nothing else breaks the page", () => {
    const brought = broughtToken({ ...body, now: "2026-11-20T10:01:00Z" });
    expect(brought).toMatchObject({ token: "abc", lifetime: 240_000 });
    expect([null, undefined, {}, "x", { ...body, token: 5 }].map(broughtToken)).toEqual(Array(5).fill(null));
  });

  it.each([
    [null],
    [[]],
    [{ ...body, token: 5 }],
    [{ ...body, server: {} }],
    [{ ...body, server: "x" }],
    [{ ...body, expires_at: "soon" }],
  ])("that is not one is refused: %j", (broken) => {
    expect(() => parseToken(broken, DATE, 0)).toThrow(/token answer/);
  });

  const problem = (status: number, code: string) =>
    new Response(JSON.stringify({ code }), {
      status,
      headers: { "Content-Type": "application/problem+json" },
    });

  it("404 is a refusal: absent and forbidden look the same", async () => {
    expect(await tokenFailure(problem(404, "not_found"))).toMatchObject({ name: "Refused", status: 404 });
  });

  it("503 of a server out of service is a refusal, 503 of a gateway is none", async () => {
    expect(await tokenFailure(problem(503, "unavailable"))).toMatchObject({
      name: "Refused",
      code: "unavailable",
    });
    expect(await tokenFailure(new Response("", { status: 503 }))).toBeInstanceOf(Unreachable);
  });
});
