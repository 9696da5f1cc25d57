import { median, spread } from './statistics.mjs';

/**
 * What is asked of a ratio. `floor` and `goal` are for what should be much, `ceiling` for what should be little.
 * @typedef {{ floor?: number, goal?: number, ceiling?: number }} Target
 */

/** @returns {'missed' | 'met' | 'goal' | undefined} */
function verdictOf(value, { floor, goal, ceiling } = {}) {
  if (floor === undefined && ceiling === undefined) return undefined;
  if (value < (floor ?? Number.NEGATIVE_INFINITY) || value > (ceiling ?? Number.POSITIVE_INFINITY))
    return 'missed';
  return goal !== undefined && value >= goal ? 'goal' : 'met';
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
  const said = ({ floor, ceiling }) =>
    floor === undefined ? `above ${ceiling}` : `below the floor of ${floor}`;
  return [
    ...programs
      .filter(({ verdict }) => verdict === 'missed')
      .map(({ title, ratio, target }) => `${id}, ${title}: ${ratio.toFixed(2)} is ${said(target)}`),
    ...bounds
      .filter(({ verdict }) => verdict === 'missed')
      .map(({ title, value, target }) => `${id}, ${title}: ${value.toFixed(1)} is ${said(target)}`),
  ];
}
