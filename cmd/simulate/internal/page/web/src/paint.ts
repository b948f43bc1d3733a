import { AddressState, BlockFlag, BranchState, NodeFlag } from "./film.ts";
import { duration } from "./format.ts";
import { toAddress, toNumber, type Block, type Player } from "./player.ts";

/** What a square of the canvas stands for. */
export interface Spot {
  x: number;
  y: number;
  size: number;
  tip: string;
  pod: number; // -1: none
}

export type Ink = Record<
  "text" | "dim" | "held" | "cooling" | "free" | "empty" | "bad" | "own" | "other" | "kept" | "open" | "reserved" | "mark",
  string
>;

/** The colours of the page's style, which knows light from dark. */
export function ink(): Ink {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: of("text"), dim: of("dim"), held: of("held"), cooling: of("cooling"), free: of("free"), empty: of("empty"), bad: of("bad"),
    own: of("own"), other: of("other"), kept: of("kept"), open: of("open"), reserved: of("reserved"), mark: of("mark"),
  };
}

/** A canvas that keeps what it draws, for the pointer. */
export class Board {
  readonly spots: Spot[] = [];
  private readonly c: CanvasRenderingContext2D;

  constructor(
    canvas: HTMLCanvasElement,
    readonly width: number,
    readonly height: number,
    readonly ink: Ink,
    private readonly marked: number,
  ) {
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    this.c = canvas.getContext("2d")!;
    this.c.scale(scale, scale);
    this.c.textBaseline = "middle";
  }

  square(x: number, y: number, size: number, kind: keyof Ink, tip = "", pod = -1): void {
    const c = this.c;
    if (kind === "held" || kind === "cooling" || size < 7) {
      c.fillStyle = kind === "free" && size < 7 ? this.ink.empty : this.ink[kind];
      c.fillRect(x, y, size, size);
    } else if (kind === "own" || kind === "other" || kind === "kept" || kind === "open" || kind === "reserved") {
      c.fillStyle = this.ink[kind];
      c.fillRect(x, y, size, size);
    } else {
      c.strokeStyle = kind === "free" ? this.ink.held : this.ink[kind];
      c.lineWidth = kind === "bad" ? 2 : 1;
      c.setLineDash(kind === "empty" ? [2, 2] : []);
      c.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
      c.setLineDash([]);
    }
    if (pod >= 0 && pod === this.marked) {
      c.strokeStyle = this.ink.mark;
      c.lineWidth = 3;
      c.strokeRect(x - 1, y - 1, size + 2, size + 2);
    }
    if (tip) this.spots.push({ x, y, size, tip, pod });
  }

  frame(x: number, y: number, size: number, tip: string): void {
    this.c.strokeStyle = this.ink.held;
    this.c.lineWidth = 1;
    this.c.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
    this.spots.push({ x, y, size, tip, pod: -1 });
  }

  shade(x: number, y: number, size: number, part: number, tip: string): void {
    this.c.fillStyle = this.ink.open;
    this.c.fillRect(x, y, size, size);
    this.c.globalAlpha = part === 0 ? 0 : 0.2 + 0.8 * part;
    this.c.fillStyle = this.ink.held;
    this.c.fillRect(x, y, size, size);
    this.c.globalAlpha = 1;
    this.spots.push({ x, y, size, tip, pod: -1 });
  }

  text(x: number, y: number, text: string, tone: "text" | "dim" | "bad", bold = false): void {
    this.c.fillStyle = this.ink[tone];
    this.c.font = `${bold ? "600 " : ""}12px system-ui, sans-serif`;
    this.c.fillText(text, x, y);
  }

  /** What is at a point; the smallest square that has it. */
  at(x: number, y: number): Spot | undefined {
    let found: Spot | undefined;
    for (const s of this.spots) {
      if (x >= s.x && x < s.x + s.size && y >= s.y && y < s.y + s.size && (!found || s.size <= found.size)) found = s;
    }
    return found;
  }
}

const labels = 150;
const pitch = 17;
const slot = 14;
const cell = 5;
const prefix = 4 * cell + 3;

/** How high a node is drawn, and it is drawn where there is a board. */
export function paintNode(p: Player, node: number, width: number, board?: Board): number {
  const f = p.film;
  const state = p.nodes[node]!;
  const info = f.nodes[node]!;
  let y = 4;
  const enis = state.enis.filter((e) => f.enis[e]!.kind !== "branch");
  const taskBranches = state.enis.filter((e) => f.enis[e]!.kind === "branch");
  for (const e of enis) {
    const eni = f.enis[e]!;
    board?.text(0, y + 8, `${eni.name} ${eni.kind}`, "text", true);
    let x = labels;
    const wrap = (step: number) => {
      if (x + step > width) {
        x = labels;
        y += step;
      }
    };
    if (eni.kind === "trunk" && (state.branches.length > 0 || taskBranches.length > 0 || p.servesNone(e))) {
      const places = info.branches;
      let used = 0;
      for (const b of state.branches) {
        const br = p.branches.get(b)!;
        const at = f.branches![b]!;
        wrap(pitch);
        const [kind, says] = branchLook(br.state);
        board?.square(x, y, slot, kind, `${at.address}, VLAN ${at.vlan}: ${says}${br.pod >= 0 ? " " + f.pods[br.pod] : ""}`, br.state === BranchState.InUse ? br.pod : -1);
        if (br.state !== BranchState.Leaked) used++;
        x += pitch;
      }
      for (const b of taskBranches) {
        wrap(pitch);
        const at = f.enis[b]!;
        board?.square(x, y, slot, "held", `${at.primary} ${f.pods[at.pod]}`, at.pod);
        used++;
        x += pitch;
      }
      for (; used < places; used++) {
        wrap(pitch);
        board?.square(x, y, slot, "empty");
        x += pitch;
      }
      y += pitch + 8;
      continue;
    }
    if (eni.pod >= 0) {
      board?.square(x, y, slot, "held", `${eni.primary} ${f.pods[eni.pod]}`, eni.pod);
      board?.text(x + pitch + 4, y + 8, f.pods[eni.pod]!, "dim");
      y += pitch + 8;
      continue;
    }
    const blocks = p.eniBlocks.get(e)!;
    const big = (state.flags & NodeFlag.Prefixes) !== 0 || blocks.some((b) => b.isPrefix);
    const step = big ? prefix + 5 : pitch;
    for (const block of blocks) {
      wrap(step);
      if (block.size === 0) {
        board?.text(x, y + 8, `${block.held} held of ${block.label}`, "dim");
        x += 260;
        continue;
      }
      if (board) paintBlock(p, board, x, y, block);
      x += step;
    }
    if (!p.servesNone(e)) {
      const rest = blocks.some((b) => b.size === 0) ? 0 : info.slots - blocks.length;
      for (let i = 0; i < rest; i++) {
        wrap(step);
        board?.square(x, y, big ? prefix : slot, "empty");
        x += step;
      }
    } else {
      board?.text(x, y + 8, eni.kind === "primary" && f.platform === "eks" ? "serves no pods" : "the instance's own", "dim");
    }
    y += step + 8;
  }
  if (state.waiting.size > 0) {
    board?.text(0, y + 8, "waiting", "bad", true);
    y = paintWaiting(p, [...state.waiting], labels, y, width, board) + 8;
  }
  return y;
}

function branchLook(state: BranchState): [keyof Ink, string] {
  switch (state) {
    case BranchState.InUse:
      return ["held", "held by"];
    case BranchState.Creating:
      return ["free", "is being made for"];
    case BranchState.Leaked:
      return ["bad", "leaked"];
    default:
      return ["cooling", "cools, or waits to be deleted, after"];
  }
}

function paintBlock(p: Player, board: Board, x: number, y: number, block: Block): void {
  if (block.flags & BlockFlag.LeftOver && block.held === 0) {
    board.square(x, y, block.isPrefix ? prefix : slot, "bad", `${block.label} is of the mode before: it serves no new pod`);
    return;
  }
  if (!block.isPrefix) {
    const [kind, tip, pod] = look(p, block, 0);
    board.square(x, y, slot, kind, tip, pod);
    return;
  }
  board.frame(x, y, prefix, block.label);
  for (let i = 0; i < block.size; i++) {
    const [kind, tip, pod] = look(p, block, i);
    board.square(x + 2 + (i % 4) * cell, y + 2 + Math.floor(i / 4) * cell, cell - 1, kind, tip, pod);
  }
}

function look(p: Player, block: Block, place: number): [keyof Ink, string, number] {
  const address = toAddress(block.first + place);
  const a = block.addresses.get(place);
  switch (block.state(place, p.now)) {
    case AddressState.Held:
      return ["held", `${address} ${p.film.pods[a!.pod]}`, a!.pod];
    case AddressState.Cooling:
      return ["cooling", `${address} cools until ${duration(a!.until)}; ${p.film.pods[a!.pod]} had it`, -1];
    default:
      return ["free", `${address} is free`, -1];
  }
}

const mostWaiting = 200;

export function paintWaiting(p: Player, pods: number[], left: number, top: number, width: number, board?: Board): number {
  let x = left;
  let y = top;
  for (const pod of pods.slice(0, mostWaiting)) {
    if (x + pitch > width) {
      x = left;
      y += pitch;
    }
    const reason = p.pods[pod]!.reason;
    board?.square(x + 1, y + 1, slot - 2, "bad", p.film.pods[pod] + (reason >= 0 ? `: ${p.film.words[reason]}` : ""), pod);
    x += pitch;
  }
  y += pitch;
  if (pods.length > mostWaiting) {
    board?.text(left, y + 8, `and ${pods.length - mostWaiting} more`, "dim");
    y += pitch;
  }
  return y;
}

/** Up to how many addresses a map has a square each; then it has one a /28. */
export const mostSquares = 256;

/** How high a subnet's map is. */
export function mapHeight(size: number): number {
  return size <= mostSquares ? Math.ceil(size / 32) * 11 : Math.ceil(size / 16 / (size / 16 > 1024 ? 64 : 32)) * (size / 16 > 1024 ? 5 : 11);
}

/** Whose an address is, where it is not a plain one. */
export type Owners = Map<number, { kind: keyof Ink; tip: string; pod: number }>;

export function owners(p: Player): Owners {
  const out: Owners = new Map();
  const f = p.film;
  for (const eni of p.there) {
    const info = f.enis[eni]!;
    if (info.primary.includes(":")) continue;
    const own = info.pod >= 0 ? { kind: "held" as const, tip: f.pods[info.pod]!, pod: info.pod } : { kind: "own" as const, tip: `${info.name} of ${f.nodes[info.node]!.name}`, pod: -1 };
    out.set(toNumber(info.primary), own);
    for (const block of p.eniBlocks.get(eni)!) {
      if (block.first === 0) continue;
      for (let i = 0; i < block.size; i++) {
        const [kind, tip, pod] = look(p, block, i);
        out.set(block.first + i, { kind, tip: tip.slice(tip.indexOf(" ") + 1), pod });
      }
    }
  }
  for (const [id, b] of p.branches) {
    if (b.state === BranchState.Gone) continue;
    const [kind, says] = branchLook(b.state);
    out.set(toNumber(f.branches![id]!.address), { kind, tip: `branch ENI: ${says} ${b.pod >= 0 ? f.pods[b.pod] : ""}`, pod: b.state === BranchState.InUse ? b.pod : -1 });
  }
  return out;
}

export function paintSubnet(p: Player, subnet: number, board: Board, of: Owners): void {
  const info = p.film.subnets[subnet]!;
  const taken = p.subnets[subnet]!;
  if (info.size > mostSquares) {
    const blocks = info.size / 16;
    const columns = blocks > 1024 ? 64 : 32;
    const step = blocks > 1024 ? 5 : 11;
    for (let i = 0; i < blocks; i++) {
      let n = 0;
      for (let k = 0; k < 16; k++) n += taken[i * 16 + k]!;
      board.shade((i % columns) * step, Math.floor(i / columns) * step, step - 1, n / 16, `${toAddress(info.first + i * 16)}/28: ${n} of 16 taken`);
    }
    return;
  }
  const kept = new Set(info.kept);
  for (let i = 0; i < info.size; i++) {
    const x = (i % 32) * 11 + (i % 32 >= 16 ? 6 : 0);
    const y = Math.floor(i / 32) * 11;
    const address = toAddress(info.first + i);
    const owner = of.get(info.first + i);
    if (kept.has(i)) board.square(x, y, 10, "kept", `${address} is kept by EC2`);
    else if (owner) board.square(x, y, 10, owner.kind, `${address} ${owner.tip}`, owner.pod);
    else if (taken[i]) board.square(x, y, 10, "other", `${address} is taken by others`);
    else if (info.reserved?.some(([from, n]) => i >= from && i < from + n)) board.square(x, y, 10, "reserved", `${address} is free, in a reservation`);
    else board.square(x, y, 10, "open", `${address} is free`);
  }
}
