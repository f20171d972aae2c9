// @ts-check
/** V8's profile as a tree of frames. */

/** @typedef {{ id: number, callFrame: { functionName: string, url: string, lineNumber: number }, children?: number[] }} Node */
/** @typedef {{ nodes: Node[], samples: number[], timeDeltas: number[] }} Profile */
/** @typedef {{ name: string, place: string, own: number, total: number, children: Frame[] }} Frame microseconds */

const SHOWN = 25;

/** What ran when nothing was to be done is left out. @param {Profile} profile @returns {Frame} */
export function treeOf({ nodes, samples, timeDeltas }) {
  const own = /** @type {Map<number, number>} */ (new Map());
  samples.forEach((id, index) => own.set(id, (own.get(id) ?? 0) + (timeDeltas[index] ?? 0)));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  /** @param {Node} node @returns {Frame} */
  const frameOf = ({ callFrame, children = [], id }) => {
    const below = children
      .flatMap((child) => byId.get(child) ?? [])
      .filter((child) => !isIdle(child))
      .map(frameOf);
    const time = own.get(id) ?? 0;
    const total = below.reduce((sum, frame) => sum + frame.total, time);
    const name = callFrame.functionName || '(anonymous)';
    return { name, place: placeOf(callFrame.url), own: time, total, children: below };
  };
  const [root] = nodes;
  if (!root) throw new Error('The profile is empty.');
  return frameOf(root);
}

/** Shares of all time, the largest first. @param {Frame} root */
export function hottest(root) {
  const functions = /** @type {Map<string, number>} */ (new Map());
  const places = /** @type {Map<string, number>} */ (new Map());
  /** @param {Frame} frame */
  const visit = ({ children, name, own, place }) => {
    const title = `${name} (${place})`;
    functions.set(title, (functions.get(title) ?? 0) + own / root.total);
    places.set(place, (places.get(place) ?? 0) + own / root.total);
    children.forEach(visit);
  };
  visit(root);
  return { functions: largest(functions), places: largest(places) };
}

/** @param {Map<string, number>} shares @returns {[string, number][]} */
function largest(shares) {
  return [...shares].sort(([, one], [, other]) => other - one).slice(0, SHOWN);
}

/** @param {Node} node */
function isIdle({ callFrame }) {
  return callFrame.functionName === '(idle)';
}

/** The package, or the file where it is ours. @param {string} url */
function placeOf(url) {
  const ours = /libs\/session\/(?:dist|src)\/(.+)$/.exec(url)?.[1];
  if (ours) return `nest-sessions/${ours}`;
  const packaged = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  return packaged ?? (url.startsWith('node:') ? 'node' : url === '' ? 'V8' : 'bench');
}
