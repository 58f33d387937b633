// The modules that are started already, or about to be: each once, whichever part it came with.
const started = new Map();
// The files that are here already, or on their way.
const opened = new Map();

// Loads a part that lies within others. Its own module comes last in its file, behind those it shares.
async function load(files) {
    const contents = await Promise.all(files.map(open));
    for (const modules of contents) {
        await Promise.all(modules.slice(0, -1).map(start));
        await start(modules.at(-1));
    }
}

function start([id, module]) {
    if (!started.has(id)) started.set(id, module.then((module) => WebAssembly.instantiate(module, getSharedImports())));
    return started.get(id);
}

function open(file) {
    if (!opened.has(file)) opened.set(file, modules(file));
    return opened.get(file);
}

// What comes over the network in one piece is a quarter smaller than its modules apart.
async function modules(file) {
    const [name, ...lengths] = file;
    const bytes = await fetched(new URL(`./${name}`, import.meta.url));
    let end = 0;
    return lengths.map(([id, length]) => [id, WebAssembly.compile(bytes.subarray(end, end += length))]);
}

// Never fails: the page stays as it is and offers to try again, so nothing in the module has to know.
async function fetched(address) {
    for (;;) {
        let gone = false;
        try {
            const response = await fetch(address);
            if (response.ok) return new Uint8Array(await response.arrayBuffer());
            gone = response.status === 404;
        } catch {
            // The network; the browser has written it to the console.
        }
        await tryAgain();
        if (gone) {
            // Another release is running by now, and has other files.
            location.reload();
            await new Promise(() => {});
        }
    }
}

// What the module calls to load a part: it is called back when all is there.
function loader(...files) {
    return async (callback, data) => {
        let success = true;
        try {
            await load(files);
        } catch (error) {
            console.error(error);
            success = false;
        }
        getSharedImports().__wasm_split.__indirect_function_table.get(callback)(data, success);
    };
}
