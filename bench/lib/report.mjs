const whole = (value) => Math.round(value).toLocaleString('en');
const two = (value) => value.toFixed(2);
const short = (value) => (value < 10 ? two(value) : value < 100 ? value.toFixed(1) : whole(value));

/** What the figures were taken on. */
export function machineLines({ node, system, processor, cores, memory, fileSystem, versions = [] }) {
  return [
    `Node ${node}, ${system}, ${cores} × ${processor}, ${whole(memory / 2 ** 30)} GiB${
      fileSystem === undefined ? '' : `; on ${fileSystem}`
    }.`,
    ...(versions.length === 0 ? [] : [`Measured with ${[...new Set(versions)].join(', ')}.`]),
  ];
}

/** The figures as tables for people, one for each section. */
export function markdown(report) {
  const sections = Map.groupBy?.(report.rows, ({ section }) => section) ?? groupBySection(report.rows);
  return [
    ...machineLines(report),
    ...[...sections].flatMap(([section, rows]) => ['', `### ${section}`, '', ...tableOf(rows, report)]),
  ].join('\n');
}

function groupBySection(rows) {
  const sections = new Map();
  for (const row of rows) sections.set(row.section, [...(sections.get(row.section) ?? []), row]);
  return sections;
}

function tableOf(rows, { command }) {
  return [
    '| work | program | median | min–max | processor s | ratio (min–max) | floor | goal | |',
    '|---|---|--:|--:|--:|--:|--:|--:|---|',
    ...rows.flatMap((row) => rowLines(row, command)),
  ];
}

function rowLines({ id, title, amount, rounds, date, load, unit, programs, bounds }, command) {
  const when = `${date.slice(0, 10)}, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, load ${two(load)}`;
  const about = `**${title}**: ${amount}; ${when}<br>\`${command} --only '^${id}$'\``;
  return [
    ...programs.map((program, index) => `| ${index === 0 ? about : ''} | ${programCells(program, unit)} |`),
    ...bounds.map((bound) => `| | ${boundCells(bound)} |`),
  ];
}

function programCells(
  { title, missing, median, least, most, processor, ratio, ratios, target, verdict, more },
  unit,
) {
  if (missing !== undefined) return `${title} | ${missing} | | | | | |`;
  const rate = `${short(median)} ${unit} | ${short(least)}–${short(most)}`;
  const used = processor === undefined ? '' : two(processor);
  const compared = ratio === undefined ? '' : `**${two(ratio)}** (${two(ratios.least)}–${two(ratios.most)})`;
  return `${title} | ${rate} | ${used} | ${compared} | ${targetCells(target, verdict)} | ${moreOf(more)}`;
}

const moreOf = (more = {}) =>
  Object.entries(more)
    .map(([what, value]) => `${what}: ${short(value)}`)
    .join('; ');

function boundCells({ title, value, target, verdict }) {
  return `${title} | ${value === undefined ? 'unknown' : short(value)} | | | | ${targetCells(target, verdict)} | `;
}

const marks = { missed: ' ✗', met: ' ✓', goal: ' ✓✓' };

function targetCells({ floor, goal, ceiling } = {}, verdict) {
  const asked = floor ?? (ceiling === undefined ? '' : `≤ ${ceiling}`);
  return `${asked}${marks[verdict] ?? ''} | ${goal ?? ''}`;
}
