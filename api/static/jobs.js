// The newest jobs, kept current by the stream of all events: an event names a job, the job is fetched, its row redrawn.
"use strict";

const SHOWN = 100;
const TOGETHER = 250;
const body = document.getElementById("jobs");
const empty = document.getElementById("empty");
const connection = document.getElementById("connection");
const rows = new Map();
const changed = new Set();

function age(created) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(created)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

function draw(job) {
  let row = rows.get(job.id);
  if (!row) {
    row = document.createElement("tr");
    for (let column = 0; column < 6; column += 1) row.append(document.createElement("td"));
    const link = document.createElement("a");
    link.href = `/v1/jobs/${job.id}`;
    link.textContent = job.id;
    row.cells[0].append(link);
    row.cells[5].append(document.createElement("progress"));
    row.dataset.id = job.id;
    rows.set(job.id, row);
    // Ids sort by time; the newest stands first.
    const older = [...body.rows].find((other) => other.dataset.id < job.id);
    body.insertBefore(row, older ?? null);
  }
  row.dataset.created = job.created_at;
  row.cells[1].textContent = job.status;
  row.cells[1].className = job.status;
  row.cells[1].title = job.error ? job.error.detail : "";
  row.cells[2].textContent = job.kind;
  row.cells[3].textContent = job.model;
  row.cells[4].textContent = age(job.created_at);
  row.cells[5].firstChild.value = job.progress;
  while (body.rows.length > SHOWN) {
    rows.delete(body.lastElementChild.dataset.id);
    body.lastElementChild.remove();
  }
  empty.hidden = true;
}

async function list() {
  const answer = await fetch(`/v1/jobs?limit=${SHOWN}`);
  if (!answer.ok) throw new Error(answer.statusText);
  const jobs = (await answer.json()).data;
  jobs.forEach(draw);
  empty.hidden = rows.size > 0;
}

async function redraw() {
  const ids = [...changed];
  changed.clear();
  // A burst of jobs is one list; a few are a few small answers.
  if (ids.length > 10) return list();
  return Promise.all(ids.map(async (id) => {
    const answer = await fetch(`/v1/jobs/${id}`);
    if (answer.ok) draw(await answer.json());
  }));
}

function follow() {
  const stream = new EventSource("/v1/events");
  stream.onopen = () => {
    connection.textContent = "live";
    connection.className = "live";
    list().catch(() => {});
  };
  stream.onerror = () => {
    connection.textContent = "connection lost, trying again …";
    connection.className = "";
    // A browser gives up for good when the answer was an error; we do not.
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
  };
  const note = (event) => {
    if (changed.size === 0) setTimeout(() => redraw().catch(() => {}), TOGETHER);
    changed.add(JSON.parse(event.data).job_id);
  };
  ["job.queued", "job.started", "job.cancelling", "job.succeeded", "job.failed", "job.cancelled", "job.expired",
    "step.started", "step.progress", "step.succeeded", "step.retrying"].forEach((type) => stream.addEventListener(type, note));
}

setInterval(() => {
  for (const row of body.rows) row.cells[4].textContent = age(row.dataset.created);
}, 1000);
follow();
