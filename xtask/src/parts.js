// Takes modules out of the files that carry them. Each file is fetched once; what comes over the network in one piece is a
// quarter smaller than its modules apart.
const opened = new Map();

function part(name) {
    const carriers = Object.keys(FILES).filter((file) => name in FILES[file]);
    // What is here already comes first, then what the page's head has asked for.
    const file = carriers.find((file) => opened.has(file))
        ?? carriers.find((file) => document.querySelector(`link[rel="preload"][href$="/${file}"]`))
        ?? carriers[0];
    if (!opened.has(file)) opened.set(file, open(file));
    return opened.get(file).then((modules) => modules[name]);
}

async function open(file) {
    const bytes = await fetched(new URL(`./${file}`, import.meta.url));
    const modules = {};
    for (const [name, [start, end]] of Object.entries(FILES[file])) {
        modules[name] = WebAssembly.compile(bytes.subarray(start, end));
    }
    return modules;
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

