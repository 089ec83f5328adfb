// SPDX-License-Identifier: LGPL-2.1-or-later

// The benchmark's loop with npm's ws in the program: what tests/bench/workload.c does in C, in JavaScript.
// The command line and the output are the same; --bus is not used, and the output has no processor times.
//
// Run: node bench-client.js [OPTION…] URL

"use strict";

const fs = require("fs");
const { parseArgs } = require("util");
const WebSocket = require("ws");

const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
        "bus": { type: "string" },
        "ca": { type: "string" },
        "idle": { type: "string", default: "0" },
        "idle-url": { type: "string" },
        "in-flight": { type: "string", default: "1" },
        "opening": { type: "string", default: "32" },
        "receive": { type: "boolean", default: false },
        "seconds": { type: "string", default: "1" },
        "size": { type: "string", default: "64" },
        "watch": { type: "string", multiple: true },
    },
});

const payload = Buffer.alloc(Number(values.size), "x");
const inFlight = Number(values["in-flight"]);
const milliseconds = Number(values.seconds) * 1000;
const options = {
    ca: values.ca && fs.readFileSync(values.ca),
    maxPayload: 16 * 1024 * 1024,
    perMessageDeflate: false,
};

const say = (line) => console.log(JSON.stringify(line));

const fail = (reason) => {
    console.error(`bench-client.js: ${reason}`);
    process.exit(1);
};

const open = (url, opened) => {
    const socket = new WebSocket(url, options);
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("the connection was closed"));
    socket.on("open", () => opened(socket));
};

const report = (seconds, messages, bytes, roundTrips) => {
    roundTrips.sort((a, b) => a - b);
    const middle = roundTrips.length > 0 ? roundTrips[Math.floor(roundTrips.length / 2)] / 1000 : 0;
    say({ seconds, messages, bytes, round_trip: middle, cpu: [] });
    process.exit(0);
};

// A tenth of the time warms up.
const measure = (socket) => {
    let since = performance.now();
    let measuring = false;
    let last = since;
    let messages = 0;
    let bytes = 0;
    const roundTrips = [];

    socket.on("message", (data) => {
        const now = performance.now();
        if (measuring) {
            messages += 1;
            bytes += data.length;
            if (inFlight === 1 && !values.receive) roundTrips.push(now - last);
            if (now - since >= milliseconds) report((now - since) / 1000, messages, bytes, roundTrips);
        } else if (now - since >= milliseconds / 10) {
            measuring = true;
            since = now;
        }
        last = now;
        if (!values.receive) socket.send(payload);
    });
    for (let i = 0; i < inFlight && !values.receive; i += 1) socket.send(payload);
};

const openIdle = (count, done) => {
    const since = performance.now();
    let begun = 0;
    let opened = 0;

    const next = () => {
        if (begun === count) return;
        begun += 1;
        open(values["idle-url"], () => {
            opened += 1;
            next();
            if (opened === count) done((performance.now() - since) / 1000);
        });
    };
    for (let i = 0; i < Number(values.opening); i += 1) next();
};

const idle = Number(values.idle);
if (idle === 0) {
    open(positionals[0], measure);
} else {
    openIdle(idle, (seconds) => {
        say({ idle, seconds });
        process.stdin.once("data", () => open(positionals[0], measure));
        process.stdin.once("end", () => process.exit(0));
    });
}
