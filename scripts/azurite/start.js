// Azurite's blob endpoint with a garbage collector that lets requests through: node start.js HOME [Azurite's arguments], HOME being where it is installed.
//
// What overwritten and deleted blobs leave behind Azurite collects every ten minutes, in one go on its only thread, and it builds an index anew for each
// piece that it removes: the square of what there is. After a day's work that takes minutes in which no request is answered. Here it is collected every
// half minute, removed by the thousand, and between two bites the thread is free. All else is Azurite's own, of the version in package-lock.json.
'use strict';

const [home] = process.argv.splice(2, 1);
const azurite = `${home}/node_modules/azurite/dist/src/blob`;
const collector = require(`${azurite}/gc/BlobGCManager.js`).default.prototype;
const bite = 1000;

if (typeof collector.markSweep !== 'function' || require(`${azurite}/utils/constants.js`).DEFAULT_GC_INTERVAL_MS !== 600000)
    throw new Error('scripts/azurite/start.js does not fit this version of Azurite: compare its dist/src/blob/gc/BlobGCManager.js');
require(`${azurite}/utils/constants.js`).DEFAULT_GC_INTERVAL_MS = 30 * 1000;

const letOthers = () => new Promise(setImmediate);

async function* pages(provider) {
    const extents = provider.iteratorExtents();
    for (let page = await extents.next(); !page.done || page.value.length > 0; page = await extents.next()) {
        yield page.value;
        await letOthers();
    }
}

collector.markSweep = async function () {
    const unused = new Set();
    for await (const ids of pages(this.allExtentsProvider))
        ids.forEach(id => unused.add(id));
    for await (const ids of pages(this.referredExtentsProvider))
        ids.forEach(id => unused.delete(id));

    // An upload has its bytes before its blob: only what nothing refers to twice in a row is garbage.
    const garbage = [...unused].filter(id => this.unused?.has(id));
    this.unused = unused;
    const metadata = this.extentStore.getMetadataStore();
    while (garbage.length > 0) {
        const removed = [];
        metadata.deleteExtent = async id => { removed.push(id); };
        await this.extentStore.deleteExtents(garbage.splice(0, bite)).finally(() => delete metadata.deleteExtent);
        metadata.db.getCollection(metadata.EXTENTS_COLLECTION).findAndRemove({ id: { $in: removed } });
        await letOthers();
    }
};

require(`${azurite}/main.js`);
