import { toAddress, type Block } from "./block.ts";
import type { Board, Kind, Tip } from "./board.ts";
import { AddressState, BlockFlag, BranchState, ENIFlag, NodeFlag } from "./film.ts";
import { duration, number } from "./format.ts";
import type { Player } from "./player.ts";

const slot = 14;
const pitch = slot + 3;
const cell = 5; // of an address in a prefix
const prefix = 4 * cell + 3;

/** Where squares go: from left to right, and on in the next row. */
class Pen {
  x: number;
  constructor(
    readonly left: number,
    public y: number,
    readonly width: number,
    readonly board?: Board,
  ) {
    this.x = left;
  }

  square(kind: Kind, size = slot, tip?: Tip, pod = -1): void {
    const step = size + 3;
    this.room(step);
    this.board?.square(this.x, this.y, size, kind, tip, pod);
    this.x += step;
  }

  room(step: number): void {
    if (this.x + step > this.width && this.x > this.left) {
      this.x = this.left;
      this.y += step;
    }
  }
}

/** How high a node is drawn, and it is drawn where there is a board. */
export function paintNode(p: Player, node: number, width: number, board?: Board): number {
  const state = p.nodes[node]!;
  const enis = state.enis.filter((e) => p.film.enis[e]!.kind !== "branch");
  const labels = Math.max(...enis.map((e) => Math.ceil(7.4 * eniName(p, e).length) + 6), width < 500 ? 110 : 150);
  let y = 4;
  for (const e of enis) y = paintENI(p, node, e, y, labels, width, board);
  if (state.waiting.size > 0) {
    board?.text(0, y + 8, "waiting", "bad", true);
    y = paintWaiting(p, [...state.waiting], labels, y, width, board) + 8;
  }
  return y;
}

function eniName(p: Player, e: number): string {
  return `${p.film.enis[e]!.name} ${p.film.enis[e]!.kind}`;
}

function paintENI(p: Player, node: number, e: number, y: number, labels: number, width: number, board?: Board): number {
  const eni = p.film.enis[e]!;
  const state = p.nodes[node]!;
  board?.text(0, y + 8, eniName(p, e), "text", true);
  const pen = new Pen(labels, y, width, board);
  if (eni.kind === "trunk" && (p.film.platform === "ecs" || state.branches.length > 0 || p.servesNone(e))) {
    paintBranches(p, node, pen);
    return pen.y + pitch + 8;
  }
  if (eni.pod >= 0) {
    pen.square("held", slot, () => `${eni.primary} ${p.film.pods[eni.pod]}`, eni.pod);
    board?.text(pen.x + 4, y + 8, p.film.pods[eni.pod]!, "dim");
    return y + pitch + 8;
  }
  if (p.film.platform === "ecs" || p.servesNone(e)) {
    board?.text(labels, y + 8, p.film.platform === "ecs" ? "the instance's own" : "serves no pods", "dim");
    return y + pitch + 8;
  }
  const blocks = p.eniBlocks.get(e)!;
  const v6 = blocks.find((b) => b.size === 0);
  if (v6) {
    board?.text(labels, y + 8, `${number(v6.held)} held of ${v6.label}`, "dim");
    return y + pitch + 8;
  }
  const size = (state.flags & NodeFlag.Prefixes) !== 0 || blocks.some((b) => b.isPrefix) ? prefix : slot;
  for (const block of blocks) paintBlock(p, block, size, pen);
  for (let i = blocks.length; i < p.film.nodes[node]!.slots; i++) pen.square("empty", size);
  y = pen.y + size + 3;
  if ((p.eniFlags.get(e) ?? 0) & ENIFlag.Excluded) {
    board?.text(labels, y + 8, "excluded by its subnet's tag: it serves no new pods", "dim");
    y += pitch;
  }
  return y + 8;
}

/** The branch ENIs of a trunk, and the places that are left up to the limit. */
function paintBranches(p: Player, node: number, pen: Pen): void {
  const f = p.film;
  const state = p.nodes[node]!;
  let used = 0;
  for (const b of state.branches) {
    const br = p.branches.get(b)!;
    const at = f.branches![b]!;
    const [kind, says] = branchLook(br.state);
    pen.square(kind, slot, () => `${at.address}, VLAN ${at.vlan}: ${says}${br.pod >= 0 ? " " + f.pods[br.pod] : ""}`, br.state === BranchState.InUse ? br.pod : -1);
    if (br.state !== BranchState.Leaked) used++;
  }
  for (const e of state.enis) {
    const at = f.enis[e]!;
    if (at.kind !== "branch") continue;
    pen.square("held", slot, () => `${at.primary} ${f.pods[at.pod]}`, at.pod);
    used++;
  }
  for (; used < f.nodes[node]!.branches; used++) pen.square("empty");
}

export function branchLook(state: BranchState): [Kind, string] {
  switch (state) {
    case BranchState.InUse:
      return ["held", "held by"];
    case BranchState.Creating:
      return ["free", "is being made for"];
    case BranchState.Leaked:
      return ["left", "leaked; it was of"];
    default:
      return ["cooling", "cools, or waits to be deleted, after"];
  }
}

function paintBlock(p: Player, block: Block, size: number, pen: Pen): void {
  if (leftOver(block)) {
    pen.square("left", size, () => `${block.label} is of the mode before, or its ENI is excluded: it serves no new pod`);
    return;
  }
  if (!block.isPrefix) {
    pen.square(kindOf(p, block, 0), size, () => tell(p, block, 0), podOf(block, 0));
    return;
  }
  pen.room(size + 3);
  pen.board?.frame(pen.x, pen.y, size, () => block.label);
  for (let i = 0; pen.board && i < block.size; i++) {
    pen.board.square(pen.x + 2 + (i % 4) * cell, pen.y + 2 + Math.floor(i / 4) * cell, cell - 1, kindOf(p, block, i), () => tell(p, block, i), podOf(block, i));
  }
  pen.x += size + 3;
}

/** Of the mode before, or of an excluded ENI, and no pod holds any of it. */
function leftOver(block: Block): boolean {
  return (block.flags & BlockFlag.LeftOver) !== 0 && block.held === 0;
}

export function kindOf(p: Player, block: Block, place: number): Kind {
  if (leftOver(block)) return "left";
  switch (block.state(place, p.now)) {
    case AddressState.Held:
      return "held";
    case AddressState.Cooling:
      return "cooling";
    default:
      return "free";
  }
}

/** Who holds an address; -1: nobody. */
export function podOf(block: Block, place: number): number {
  const a = block.addresses[place];
  return a?.state === AddressState.Held ? a.pod : -1;
}

export function tell(p: Player, block: Block, place: number): string {
  const address = toAddress(block.first + place);
  const a = block.addresses[place];
  switch (block.state(place, p.now)) {
    case AddressState.Held:
      return `${address} ${p.film.pods[a!.pod]}`;
    case AddressState.Cooling:
      return `${address} cools until ${duration(a!.until)}; ${p.film.pods[a!.pod]} had it`;
    default:
      return leftOver(block) ? `${address} serves no new pod` : `${address} is free`;
  }
}

const mostWaiting = 200;

export function paintWaiting(p: Player, pods: number[], left: number, top: number, width: number, board?: Board): number {
  const pen = new Pen(left, top, width, board);
  for (const pod of pods.slice(0, mostWaiting)) {
    const reason = p.pods[pod]!.reason;
    pen.square("bad", slot, () => p.film.pods[pod] + (reason >= 0 ? `: ${p.film.words[reason]}` : ""), pod);
  }
  let y = pen.y + pitch;
  if (pods.length > mostWaiting) {
    board?.text(left, y + 8, `and ${number(pods.length - mostWaiting)} more`, "dim");
    y += pitch;
  }
  return y;
}

