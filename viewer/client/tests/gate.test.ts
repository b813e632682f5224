import { describe, expect, it } from "vitest";
import { delayAfter, Gate, type Trouble } from "../src/http/gate.ts";
import { FakeClock, settled } from "./samples.ts";

function watched() {
  const clock = new FakeClock();
  const said: (Trouble | null)[] = [];
  const gate = new Gate((trouble) => said.push(trouble), clock);
  const passed = async () => {
    let through = false;
    void gate.pass().then(() => {
      through = true;
    });
    await settled();
    return through;
  };
  return { clock, gate, said, passed };
}

describe("the gate before a server", () => {
  it("is open while nothing is wrong", async () => {
    expect(await watched().passed()).toBe(true);
  });

  it("closes for a second after the first failure, and says since when", async () => {
    const { clock, gate, said, passed } = watched();
    const now = clock.now();
    gate.failed();
    expect(said).toEqual([{ since: now, retryAt: now + 1000, attempt: 1 }]);
    expect(await passed()).toBe(false);
    await clock.pass(1000);
    expect(await passed()).toBe(true);
  });

  it("takes many failures at once for one", () => {
    const { gate, said } = watched();
    for (let request = 0; request < 6; request += 1) gate.failed();
    expect(said.map((trouble) => trouble?.attempt)).toEqual([1]);
  });

  it("waits longer each time, up to 15 s, and remembers the beginning", async () => {
    const { clock, gate, said } = watched();
    const began = clock.now();
    for (let attempt = 1; attempt <= 6; attempt += 1) {
      gate.failed();
      await clock.pass(delayAfter(attempt));
    }
    expect([1, 2, 3, 4, 5, 6].map(delayAfter)).toEqual([1000, 2000, 4000, 8000, 15000, 15000]);
    expect(said.every((trouble) => trouble?.since === began)).toBe(true);
  });

  it("says that it is over, and begins anew the next time", async () => {
    const { clock, gate, said } = watched();
    gate.failed();
    await clock.pass(1000);
    gate.succeeded();
    gate.succeeded();
    gate.failed();
    expect(said.map((trouble) => trouble?.attempt ?? null)).toEqual([1, null, 1]);
  });

  it("opens at once on Try now", async () => {
    const { gate, passed } = watched();
    gate.failed();
    gate.tryNow();
    expect(await passed()).toBe(true);
  });
});
