import { AudioLines, Gauge, ListChecks, Mic } from "lucide-react";

/** The pages that one can go to from everywhere, and the keys that go there. */
export const PAGES = [
  { to: "/", label: "Jobs", keys: "g j", icon: <ListChecks aria-hidden />, about: "Every job, live" },
  { to: "/speak", label: "Speak", keys: "g s", icon: <AudioLines aria-hidden />, about: "Text to speech" },
  { to: "/transcribe", label: "Transcribe", keys: "g t", icon: <Mic aria-hidden />, about: "Speech to text" },
  {
    to: "/system",
    label: "System",
    keys: "g y",
    icon: <Gauge aria-hidden />,
    about: "Queues, workers, models, health",
  },
] as const;

/** What the keys do, for the list that `?` shows. */
export const KEYS: readonly (readonly [string, string])[] = [
  ["/", "Search, or the page’s main field"],
  ["j  k", "Next and previous job"],
  ["Enter", "Open the job"],
  ["x", "Select the job"],
  ["Ctrl K", "Go anywhere, do anything"],
  ["g j", "Jobs"],
  ["g s", "Speak"],
  ["g t", "Transcribe"],
  ["g y", "System"],
  ["Space", "Play or pause the audio"],
  ["?", "This list"],
];
