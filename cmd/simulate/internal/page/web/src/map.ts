import { toAddress, toNumber } from "./block.ts";
import type { Board, Kind, Tip } from "./board.ts";
import { BranchState } from "./film.ts";
import { branchLook, kindOf, podOf, tell } from "./paint.ts";
import type { Player } from "./player.ts";

/** Up to how many addresses a map has a square each; then it has one a /28. */
export const mostSquares = 256;

const gap = 6; // between the two /28s of a row

/** How a subnet's map is laid out in a width. */
function layout(size: number, width: number): { columns: number; step: number; rows: number } {
  if (size <= mostSquares) return { columns: 32, step: Math.min(11, Math.floor((width - gap) / 32)), rows: Math.ceil(size / 32) };
  const squares = size / 16;
  const columns = squares > 1024 ? 64 : 32;
  return { columns, step: Math.min(352 / columns, Math.floor(width / columns)) | 0, rows: Math.ceil(squares / columns) };
}

export function mapHeight(size: number, width: number): number {
  const { rows, step } = layout(size, width);
  return rows * step;
}

/** Whose an address is, where it is an ENI's or a pod's. */
export type Owners = Map<number, { kind: Kind; tip: Tip; pod: number }>;

/** The owners of the addresses of subnets that have a square each. */
export function owners(p: Player): Owners {
  const out: Owners = new Map();
  const f = p.film;
  const small = f.subnets.filter((s) => s.size <= mostSquares);
  const shown = (address: number) => small.some((s) => address >= s.first && address < s.first + s.size);
  for (const eni of p.there) {
    const info = f.enis[eni]!;
    const primary = toNumber(info.primary);
    if (!shown(primary)) continue; // an ENI's addresses are of one subnet
    if (info.pod >= 0) out.set(primary, { kind: "held", tip: () => f.pods[info.pod]!, pod: info.pod });
    else out.set(primary, { kind: "own", tip: () => `is that of ${info.name} of ${f.nodes[info.node]!.name}`, pod: -1 });
    for (const block of p.eniBlocks.get(eni)!) {
      for (let i = 0; block.first !== 0 && i < block.size; i++) {
        out.set(block.first + i, { kind: kindOf(p, block, i), tip: () => tell(p, block, i).replace(/^\S+ /, ""), pod: podOf(block, i) });
      }
    }
  }
  for (const [id, b] of p.branches) {
    if (b.state === BranchState.Gone) continue;
    const [kind, says] = branchLook(b.state);
    out.set(toNumber(f.branches![id]!.address), { kind, tip: () => `branch ENI: ${says} ${b.pod >= 0 ? f.pods[b.pod] : ""}`, pod: b.state === BranchState.InUse ? b.pod : -1 });
  }
  return out;
}

export function paintSubnet(p: Player, subnet: number, width: number, board: Board, of: Owners): void {
  if (p.film.subnets[subnet]!.size > mostSquares) paintBlocks(p, subnet, width, board);
  else paintAddresses(p, subnet, width, board, of);
}

function paintBlocks(p: Player, subnet: number, width: number, board: Board): void {
  const info = p.film.subnets[subnet]!;
  const { columns, step } = layout(info.size, width);
  p.subnets[subnet]!.blocks.forEach((taken, i) => {
    board.shade((i % columns) * step, Math.floor(i / columns) * step, step - 1, taken / 16, () => `${toAddress(info.first + i * 16)}/28: ${taken} of 16 taken`);
  });
}

function paintAddresses(p: Player, subnet: number, width: number, board: Board, of: Owners): void {
  const info = p.film.subnets[subnet]!;
  const state = p.subnets[subnet]!;
  const { step } = layout(info.size, width);
  const kept = new Set(info.kept);
  for (let i = 0; i < info.size; i++) {
    const x = (i % 32) * step + (i % 32 >= 16 ? gap : 0);
    const y = Math.floor(i / 32) * step;
    const owner = of.get(info.first + i);
    const put = (kind: Kind, says: Tip, pod = -1) => board.square(x, y, step - 1, kind, () => `${toAddress(info.first + i)} ${says()}`, pod);
    if (kept.has(i)) put("kept", () => "is kept by EC2");
    else if (owner) put(owner.kind, owner.tip, owner.pod);
    else if (state.leaked[i]) put("left", () => "is of a leaked ENI, which nobody uses");
    else if (state.taken[i]) put("other", () => "is taken by others, or on its way to a node");
    else if (info.reserved?.some(([from, n]) => i >= from && i < from + n)) put("reserved", () => "is free, in a reservation");
    else put("open", () => "is free");
  }
}
