import { Link, useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { buttonClass } from "@/ui/Button";
import { Empty, Failure } from "@/ui/States";

/** An address that leads nowhere. */
export function NotFound() {
  return (
    <Empty
      title="There is no such page"
      action={
        <Link to="/" className={buttonClass("primary")}>
          Go to the jobs
        </Link>
      }
    >
      The address leads nowhere. It may be from another version of Harmony.
    </Empty>
  );
}

/** A page that failed to draw or to load its script. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <Failure
      error={error}
      onRetry={() => {
        reset();
        void router.invalidate();
      }}
    />
  );
}
