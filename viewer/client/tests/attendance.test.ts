import { describe, expect, it } from "vitest";
import { Attendance } from "../src/http/attendance.ts";

describe("attendance", () => {
  it("is said to the portal only where nobody did anything since the last renewal", () => {
    const page = new EventTarget();
    const attendance = new Attendance(page);
    expect(attendance.stamp("/token/?server=1")).toBe("/token/?server=1");
    expect(attendance.stamp("/token/?server=1")).toBe("/token/?server=1&unattended=true");
    expect(attendance.stamp("/token/")).toBe("/token/?unattended=true");
    page.dispatchEvent(new Event("wheel"));
    expect(attendance.stamp("/token/")).toBe("/token/");
  });
});
