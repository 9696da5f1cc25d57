import { median, spread } from './statistics.mjs';

/**
 * What is asked of a figure: it should be at least `floor`, or at most `ceiling`, and `goal` is what would be better.
 * @typedef {{ floor?: number, goal?: number, ceiling?: number }} Target
 */

/**
 * @param {number} value
 * @param {Target} [target]
 * @returns {'missed' | 'met' | 'goal' | undefined}
 */
export function verdictOf(value, { floor, goal, ceiling } = {}) {
  if (floor === undefined && ceiling === undefined) return undefined;
  if (floor !== undefined ? value < floor : value > ceiling) return 'missed';
  const reached = goal !== undefined && (floor !== undefined ? value >= goal : value <= goal);
  return reached ? 'goal' : 'met';
}

/**
 * The figures of the programs of a row, and how they compare: a ratio is FileX, which comes first, against the program
 * whose line it is in; or, where what can be reached is known, what each program reaches of it.
 */
export function judge(row, figures) {
  const { id, section, title, targets = {} } = row;
  const ours = figures[0].runs;
  const programs = figures.map((figure, index) => {
    if (figure.missing !== undefined) return figure;
    const { name, title, runs } = figure;
    return { name, title, ...summary(runs), ...ratioOf(runs, ours, index), target: targets[name] };
  });
  for (const program of programs) {
    if (program.ratio !== undefined) program.verdict = verdictOf(program.ratio, program.target);
  }
  const bounds = Object.entries(row.bounds ?? {}).map(([what, target]) => {
    const value = programs[0].more?.[what];
    return {
      title: what,
      value,
      target,
      verdict: value === undefined ? undefined : verdictOf(value, target),
    };
  });
  return { id, section, title, programs, bounds };
}

function summary(runs) {
  const processors = runs.map(({ processor }) => processor);
  const more = Object.keys(runs[0].more ?? {}).map((what) => [
    what,
    median(runs.map((run) => run.more[what])),
  ]);
  return {
    ...spread(runs.map(({ value }) => value)),
    processor: processors.includes(undefined) ? undefined : median(processors),
    ...(more.length === 0 ? {} : { more: Object.fromEntries(more) }),
    values: runs.map(({ value }) => value),
  };
}

function ratioOf(runs, ours, index) {
  if (runs[0].share !== undefined) {
    const { median: ratio, ...ratios } = spread(runs.map(({ share }) => share));
    return { ratio, ratios };
  }
  if (index === 0) return {};
  const { least, most } = spread(runs.map(({ value }, round) => ours[round].value / value));
  return {
    ratio: median(ours.map(({ value }) => value)) / median(runs.map(({ value }) => value)),
    ratios: { least, most },
  };
}

/** What a row asks for and does not get, in words. */
export function missedIn({ id, programs, bounds }) {
  const asked = ({ floor, ceiling }) =>
    floor === undefined ? `above ${ceiling}` : `below the floor of ${floor}`;
  return [
    ...programs.map(({ ratio, median: figure, ...rest }) => ({ ...rest, value: ratio ?? figure })),
    ...bounds,
  ]
    .filter(({ verdict }) => verdict === 'missed')
    .map(({ title, value, target }) => `${id}, ${title}: ${value.toFixed(2)} is ${asked(target)}`);
}
