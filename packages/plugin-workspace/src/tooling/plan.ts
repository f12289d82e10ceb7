import type { ToolingDetector } from '@nook/daemonapi';
import type { PlannedTool } from '../contract.ts';

const MAX_TEXT = 200;

/**
 * What a project wants, of all that the detectors find: of several that name one tool, the first one that says a version counts.
 * A detector that fails says so in the plan, and stops no other.
 */
export function planTooling(detectors: readonly ToolingDetector[], files: ReadonlyMap<string, string>): PlannedTool[] {
  const found = detectors.flatMap((detector) => {
    const own = new Map(detector.files.flatMap((name) => (files.has(name) ? [[name, files.get(name) as string]] : [])));
    return own.size === 0 ? [] : findingsOf(detector, own);
  });
  const counting = new Map<string, PlannedTool>();
  for (const each of found.filter(({ skipped }) => skipped === undefined)) {
    const first = counting.get(each.tool);
    if (first === undefined || (first.version === undefined && each.version !== undefined))
      counting.set(each.tool, each);
  }
  // That a tool is wanted, without more, is worth a line only where nothing else says so.
  return found
    .filter((each) => each.skipped !== undefined || each.version !== undefined || counting.get(each.tool) === each)
    .map((each) => {
      const first = counting.get(each.tool);
      if (each.skipped !== undefined || first === each || first === undefined) return each;
      return { ...each, skipped: `${first.file} says ${first.version ?? 'any'} already` };
    });
}

function findingsOf(detector: ToolingDetector, files: ReadonlyMap<string, string>): PlannedTool[] {
  const { name } = detector;
  try {
    return detector.detect(files).map((each) => ({
      detector: name,
      tool: clean(each.tool),
      ...(each.version === undefined ? {} : { version: clean(each.version) }),
      file: clean(each.file),
      why: clean(each.why),
      ...(each.skipped === undefined ? {} : { skipped: clean(each.skipped) }),
    }));
  } catch (error) {
    const [file = ''] = files.keys();
    return [{ detector: name, tool: name, file, why: 'it is there', skipped: clean(`its detector failed: ${error}`) }];
  }
}

/** Words of a file that anybody may have written. */
function clean(text: string): string {
  return text.replace(/\p{C}/gu, '?').slice(0, MAX_TEXT);
}
