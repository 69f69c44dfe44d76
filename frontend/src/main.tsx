import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { makeQueryClient } from "@/api/query";
import { LiveContext } from "@/live/context";
import { LiveStream } from "@/live/stream";
import { router } from "@/router";
import { TipArea } from "@/ui/Tip";
import { ToastArea } from "@/ui/toast";
import "@/styles.css";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no place for the dashboard.");

const stream = new LiveStream();
stream.start();

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={makeQueryClient()}>
      <LiveContext value={stream}>
        <TipArea>
          <ToastArea>
            <RouterProvider router={router} />
          </ToastArea>
        </TipArea>
      </LiveContext>
    </QueryClientProvider>
  </StrictMode>,
);
