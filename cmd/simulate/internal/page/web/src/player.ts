import { AddressState, arity, BlockFlag, BranchState, ENIFlag, NodeFlag, Op, Phase, type Film } from "./film.ts";

/** A secondary address or a prefix of an ENI. */
export class Block {
  readonly first: number; // IPv4 as a number; 0 of IPv6
  readonly size: number;
  readonly label: string;
  flags = 0;
  held = 0;
  gone = false;
  /** By place in the block; what isn't there is free. Of IPv6 prefixes by order. */
  readonly addresses = new Map<number, Address>();

  constructor(label: string) {
    this.label = label;
    const [address, bits] = label.split("/");
    const v6 = label.includes(":");
    this.first = v6 ? 0 : toNumber(address!);
    this.size = bits === undefined ? 1 : v6 ? 0 : 1 << (32 - Number(bits));
  }

  get isPrefix(): boolean {
    return this.size !== 1;
  }

  /** The state of an address at an instant. */
  state(place: number, now: number): AddressState {
    const a = this.addresses.get(place);
    if (!a || (a.state === AddressState.Cooling && a.until < now)) return AddressState.Free;
    return a.state;
  }

  cooling(now: number): number {
    let n = 0;
    for (const a of this.addresses.values()) if (a.state === AddressState.Cooling && a.until >= now) n++;
    return n;
  }
}

export interface Address {
  state: AddressState;
  pod: number;
  until: number; // the last instant of cooling
}

export interface NodeState {
  flags: number;
  enis: number[];
  branches: number[];
  pods: number; // bound and there
  waiting: Set<number>;
}

export interface PodState {
  phase: Phase;
  node: number;
  waits: boolean;
  reason: number;
}

export interface Counts {
  total: number;
  held: number;
  running: number;
  waiting: number;
}

/** eni2 before eni10. */
const byName = new Intl.Collator("en", { numeric: true }).compare;

export function toNumber(address: string): number {
  return address.split(".").reduce((n, part) => n * 256 + Number(part), 0);
}

export function toAddress(n: number): string {
  return [24, 16, 8, 0].map((s) => (n >>> s) & 255).join(".");
}

/**
 * Plays a film: it applies operations up to an instant, and holds what they
 * leave. To go back it begins anew, which takes a moment only.
 */
export class Player {
  /** The instant that is looked at, and that of the last operation up to it. */
  now = 0;
  private clock = 0;
  private next = 0;
  private cool = new Set<Block>(); // blocks with an address that cools, or did
  nodes!: NodeState[];
  there!: Set<number>; // ENIs
  eniFlags!: Map<number, number>;
  eniBlocks!: Map<number, Block[]>;
  blocks!: Map<number, Block>;
  branches!: Map<number, { node: number; state: BranchState; pod: number }>;
  pods!: PodState[];
  unplaced!: Set<number>; // pods that wait without a node
  subnets!: Uint8Array[];
  episodes!: Set<number>;
  counts!: Counts;
  calls = 0;
  refused = 0;

  constructor(readonly film: Film) {
    this.reset();
  }

  private reset(): void {
    const f = this.film;
    this.now = 0;
    this.clock = 0;
    this.next = 0;
    this.cool = new Set();
    this.nodes = f.nodes.map(() => ({ flags: -1, enis: [], branches: [], pods: 0, waiting: new Set() }));
    this.there = new Set();
    this.eniFlags = new Map();
    this.eniBlocks = new Map();
    this.blocks = new Map();
    this.branches = new Map();
    this.pods = f.pods.map(() => ({ phase: Phase.Gone, node: -1, waits: false, reason: -1 }));
    this.unplaced = new Set();
    this.subnets = f.subnets.map((s) => new Uint8Array(s.size));
    this.episodes = new Set();
    this.counts = { total: 0, held: 0, running: 0, waiting: 0 };
    this.calls = 0;
    this.refused = 0;
  }

  /** Goes to an instant: all that happens at it has happened. */
  seek(ms: number): void {
    if (ms < this.now) this.reset();
    const ops = this.film.ops;
    while (this.next < ops.length) {
      const code = ops[this.next]!;
      if (code === Op.Time && this.clock + ops[this.next + 1]! > ms) break;
      this.apply(code, this.next + 1);
      this.next += 1 + arity[code]!;
    }
    this.now = ms;
  }

  private apply(code: number, at: number): void {
    const [a, b, c, d, e] = this.film.ops.slice(at, at + 5) as [number, number, number, number, number];
    switch (code) {
      case Op.Time:
        this.clock += a;
        break;
      case Op.Node:
        this.nodes[a]!.flags = b;
        break;
      case Op.ENI:
        this.eni(a, b === 1);
        break;
      case Op.ENIFlags:
        this.eniFlags.set(a, b);
        break;
      case Op.Block:
        this.block(a, b, c === 1);
        break;
      case Op.BlockFlags:
        this.blockFlags(this.blocks.get(a)!, b);
        break;
      case Op.Address:
        this.address(this.blocks.get(a)!, b, { state: c, pod: d, until: e });
        break;
      case Op.Branch:
        this.branch(a, b, c, d);
        break;
      case Op.Pod:
        this.pod(a, { phase: b, node: c, waits: d === 1, reason: e });
        break;
      case Op.Subnet:
        this.subnets[a]!.fill(d, b, b + c);
        break;
      case Op.Episode:
        if (b === 1) this.episodes.add(a);
        else this.episodes.delete(a);
        break;
      case Op.Calls:
        this.calls += a;
        this.refused += b;
    }
  }

  private eni(eni: number, comes: boolean): void {
    const info = this.film.enis[eni]!;
    const node = this.nodes[info.node]!;
    if (comes) {
      this.there.add(eni);
      node.enis.push(eni);
      node.enis.sort((a, b) => byName(this.film.enis[a]!.name, this.film.enis[b]!.name));
      this.eniBlocks.set(eni, []);
      if (info.pod >= 0) this.count(1, 1);
      return;
    }
    this.there.delete(eni);
    node.enis.splice(node.enis.indexOf(eni), 1);
    for (const block of this.eniBlocks.get(eni)!) {
      this.uncount(block);
      block.gone = true;
    }
    this.eniBlocks.delete(eni);
    if (info.pod >= 0) this.count(-1, -1);
  }

  private count(total: number, held: number): void {
    this.counts.total += total;
    this.counts.held += held;
  }

  private uncount(block: Block): void {
    if (!(block.flags & BlockFlag.LeftOver)) this.count(-block.size, -block.held);
  }

  private block(id: number, eni: number, comes: boolean): void {
    const on = this.eniBlocks.get(eni)!;
    if (comes) {
      const block = new Block(this.film.blocks[id]!);
      this.blocks.set(id, block);
      const after = on.findIndex((other) => other.first > block.first);
      on.splice(after < 0 ? on.length : after, 0, block);
      this.count(block.size, 0);
      return;
    }
    const block = this.blocks.get(id)!;
    this.blocks.delete(id);
    on.splice(on.indexOf(block), 1);
    this.uncount(block);
    block.gone = true;
  }

  private blockFlags(block: Block, flags: number): void {
    this.uncount(block);
    block.flags = flags;
    if (!(flags & BlockFlag.LeftOver)) this.count(block.size, block.held);
  }

  private address(block: Block, place: number, now: Address): void {
    const was = block.addresses.get(place)?.state === AddressState.Held ? 1 : 0;
    const held = now.state === AddressState.Held ? 1 : 0;
    block.addresses.set(place, now);
    if (now.state === AddressState.Cooling) this.cool.add(block);
    block.held += held - was;
    if (!(block.flags & BlockFlag.LeftOver)) this.count(0, held - was);
  }

  private branch(id: number, node: number, state: BranchState, pod: number): void {
    const on = this.nodes[node]!.branches;
    if (!this.branches.has(id)) on.push(id);
    this.branches.set(id, { node, state, pod });
    if (state === BranchState.Gone) on.splice(on.indexOf(id), 1);
  }

  private pod(id: number, now: PodState): void {
    const was = this.pods[id]!;
    this.pods[id] = now;
    if (was.phase === Phase.Running) this.counts.running--;
    if (now.phase === Phase.Running) this.counts.running++;
    if (was.waits) this.counts.waiting--;
    if (now.waits) this.counts.waiting++;
    this.waitingAt(was).delete(id);
    if (now.waits) this.waitingAt(now).add(id);
    if (was.node >= 0 && was.phase !== Phase.Gone) this.nodes[was.node]!.pods--;
    if (now.node >= 0 && now.phase !== Phase.Gone) this.nodes[now.node]!.pods++;
  }

  private waitingAt(pod: PodState): Set<number> {
    return pod.node < 0 ? this.unplaced : this.nodes[pod.node]!.waiting;
  }

  /** The nodes that are there. */
  living(): number[] {
    const out: number[] = [];
    this.nodes.forEach((n, i) => {
      if (n.flags >= 0 && !(n.flags & NodeFlag.Gone)) out.push(i);
    });
    return out;
  }

  /** Addresses that cool, over all nodes. */
  cooling(): number {
    let n = 0;
    for (const block of this.cool) {
      const k = block.gone ? 0 : block.cooling(this.now);
      if (k === 0) this.cool.delete(block);
      else if (!(block.flags & BlockFlag.LeftOver)) n += k;
    }
    return n;
  }

  servesNone(eni: number): boolean {
    return ((this.eniFlags.get(eni) ?? 0) & ENIFlag.ServesNone) !== 0;
  }

  /** Finds the address that a pod holds. */
  find(pod: number): { block: Block; place: number } | undefined {
    for (const block of this.blocks.values()) {
      for (const [place, a] of block.addresses) {
        if (a.state === AddressState.Held && a.pod === pod) return { block, place };
      }
    }
    return undefined;
  }
}

/** The instants at which something happens that can be seen. */
export function instants(film: Film): number[] {
  const out = [0];
  let now = 0;
  let seen = true;
  for (let i = 0; i < film.ops.length; i += 1 + arity[film.ops[i]!]!) {
    if (film.ops[i] === Op.Time) {
      now += film.ops[i + 1]!;
      seen = false;
    } else if (!seen && film.ops[i] !== Op.Calls) {
      out.push(now);
      seen = true;
    }
  }
  if (out[out.length - 1] !== film.endMs) out.push(film.endMs);
  return out;
}

/** Numbers over time, for the chart: a value at the end of each of n spans. */
export function series(film: Film, n: number): { at: number[]; total: number[]; held: number[]; cooling: number[]; waiting: number[] } {
  const out = { at: [] as number[], total: [] as number[], held: [] as number[], cooling: [] as number[], waiting: [] as number[] };
  const player = new Player(film);
  for (let i = 0; i <= n; i++) {
    player.seek(Math.round((film.endMs * i) / n));
    out.at.push(player.now / 1000);
    out.total.push(player.counts.total);
    out.held.push(player.counts.held);
    out.cooling.push(player.cooling());
    out.waiting.push(player.counts.waiting);
  }
  return out;
}
