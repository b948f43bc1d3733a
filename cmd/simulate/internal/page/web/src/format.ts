/** Writes 90,000 ms as 1m30s, to the tenth of a second. */
export function duration(ms: number): string {
  if (ms > 0 && ms < 1000) return `${Math.round(ms)}ms`;
  let tenths = Math.round(ms / 100);
  const h = Math.floor(tenths / 36000);
  tenths -= h * 36000;
  const m = Math.floor(tenths / 600);
  tenths -= m * 600;
  const s = tenths / 10;
  return (h ? `${h}h` : "") + (m ? `${m}m` : "") + (s || (!h && !m) ? `${s}s` : "");
}

export function number(n: number): string {
  return n.toLocaleString("en-US");
}

export function count(n: number, noun: string): string {
  const plural = /(x|ss)$/.test(noun) ? "es" : "s";
  return `${number(n)} ${noun}${n === 1 ? "" : plural}`;
}
