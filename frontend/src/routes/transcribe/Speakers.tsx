import { useQueries } from "@tanstack/react-query";
import { watchedJobQuery } from "@/nouns/submit/JobState";
import { Panel } from "@/ui/Panel";
import type { Recording } from "./recordings";
import { cosine } from "./similarity";

interface Pair {
  names: readonly [string, string];
  value: number;
}

/** How alike the voices of the recordings on the page are, the most alike first; nothing if there are fewer than two. */
export function Speakers({ recordings }: { recordings: readonly Recording[] }) {
  const described = recordings.filter(({ jobs }) => jobs.embedding !== undefined);
  const queries = useQueries({ queries: described.map(({ jobs }) => watchedJobQuery(jobs.embedding ?? "")) });
  const voices = queries.flatMap(({ data }, at) => {
    const embedding = data?.result?.embedding;
    return embedding == null ? [] : [{ name: described[at]?.name ?? "", embedding }];
  });
  const pairs: Pair[] = voices.flatMap((one, at) =>
    voices.slice(at + 1).flatMap((other) => {
      const same = one.embedding.family === other.embedding.family;
      const value = same ? cosine(one.embedding.vector, other.embedding.vector) : null;
      return value === null ? [] : [{ names: [one.name, other.name] as const, value }];
    }),
  );
  if (pairs.length === 0) return null;
  return (
    <Panel title="How alike the voices are" flush>
      <table className="w-full text-sm">
        <thead className="text-xs text-muted">
          <tr>
            <th scope="col" className="px-4 py-2 text-left font-medium">
              Recordings
            </th>
            <th scope="col" className="px-4 py-2 num font-medium">
              Cosine similarity
            </th>
          </tr>
        </thead>
        <tbody className="divide-y border-t">
          {pairs
            .sort((one, other) => other.value - one.value)
            .slice(0, 20)
            .map(({ names, value }, number) => (
              <tr key={number}>
                <td className="px-4 py-2 wrap-anywhere">
                  {names[0]} <span className="text-muted">and</span> {names[1]}
                </td>
                <td className="px-4 py-2 num">{value.toFixed(2)}</td>
              </tr>
            ))}
        </tbody>
      </table>
      <p className="border-t px-4 py-2 text-xs text-muted">
        1 is the same direction, 0 is unrelated. The same person usually stands far above other people in the
        same list; noise and very short recordings lower it.
      </p>
    </Panel>
  );
}
