// The film of a run, as Go's package film records it.

export interface Film {
  name: string;
  summary?: string;
  seed: number;
  platform: string;
  endMs: number;
  endedBy: string;
  verdict: string;
  notes?: string[];
  nodes: NodeInfo[];
  subnets: SubnetInfo[];
  enis: ENIInfo[];
  blocks: string[];
  branches?: { address: string; vlan: number }[];
  pods: string[];
  words: string[];
  episodes: Episode[];
  lines: Line[];
  linesLeftOut?: number; // of the later ones
  ops: number[];
}

export interface NodeInfo {
  name: string;
  type: string;
  subnet: string;
  zone: string;
  maxPods: number;
  systemPods: number;
  maxENIs: number;
  slots: number;
  branches: number;
}

export interface ENIInfo {
  node: number;
  name: string;
  id: string;
  kind: string;
  subnet: string;
  primary: string;
  pod: number;
}

export interface SubnetInfo {
  name: string;
  cidr: string;
  zone: string;
  first: number;
  size: number;
  kept: number[];
  reserved?: [number, number][];
}

export interface Episode {
  kind: string;
  place: string;
  cures?: boolean;
  fromMs: number;
  toMs: number; // -1: to the end
  pods: number;
  message: string;
  remedy: string;
}

export interface Line {
  at: number;
  node: number;
  eni?: string;
  what: string;
  why?: string;
  tone?: "good" | "bad";
}

/** The operations, in the order of Go's constants. */
export const enum Op {
  Time,
  Node,
  ENI,
  ENIFlags,
  Block,
  BlockFlags,
  Address,
  Branch,
  Pod,
  Subnet,
  Episode,
  Calls,
  Leaked,
}

/** How many numbers stand behind each operation's code. */
export const arity = [1, 2, 2, 2, 3, 2, 5, 4, 5, 4, 2, 2, 4];

export const enum NodeFlag {
  Ready = 1,
  Cordoned = 2,
  Gone = 4,
  AgentUp = 8,
  Prefixes = 16,
}
export const enum ENIFlag {
  Excluded = 1,
  ServesNone = 2,
}
export const enum BlockFlag {
  LeftOver = 1,
}
export const enum AddressState {
  Free,
  Held,
  Cooling,
}
export const enum BranchState {
  Creating,
  InUse,
  Cooling,
  Queued,
  Leaked,
  Gone,
}
export const enum Phase {
  Pending,
  Creating,
  Running,
  Terminating,
  Succeeded,
  Gone,
}

export const phaseNames = ["Pending", "ContainerCreating", "Running", "Terminating", "Succeeded", "gone"];

export const branchNames = ["being made", "held", "cooling", "waiting to be deleted", "leaked"];

/** Unpacks what the page carries: compressed, in base64. */
export function unpack(text: string): Response {
  const bytes = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
}
