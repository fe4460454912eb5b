#:property PublishAot=false
// What the executable is made of, as a bill of materials (CycloneDX 1.6, JSON), from the lock file that it was restored with: the same lock file, version
// and time give the same bytes. Tools that make one write the time of their run and random numbers into it.
//   dotnet run scripts/sbom.cs LOCKFILE FILE VERSION SECONDS    VERSION is the commit, SECONDS since 1970 its time
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

if (args is not [var lockFile, var file, var version, var seconds] || !long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var since1970))
{
    await Console.Error.WriteLineAsync("usage: dotnet run scripts/sbom.cs LOCKFILE FILE VERSION SECONDS");
    return 64;
}

const string Application = "ingress-reconciler", Compiler = "Microsoft.DotNet.ILCompiler";
// They make the executable, or look at its sources, and are no part of it.
string[] tools = [Compiler, "Microsoft.NET.ILLink.Tasks", "Vecc.YamlDotNet.Analyzers.StaticGenerator"];
// Of these the native compiler links what is used, in its own version; no lock file names them.
string[] runtime = ["Microsoft.AspNetCore.App", "Microsoft.NETCore.App"];

var locked = JsonNode.Parse(await File.ReadAllTextAsync(lockFile))!["dependencies"]!.AsObject().First(one => !one.Key.Contains('/')).Value!.AsObject()
    .Where(one => (string?)one.Value!["type"] != "Project").OrderBy(one => one.Key, StringComparer.Ordinal)
    .ToDictionary(one => one.Key, one => one.Value!, StringComparer.OrdinalIgnoreCase);
string Reference(string name, string of) => $"pkg:nuget/{name}@{of}";
string Of(string name) => Reference(name, (string)locked[name]["resolved"]!);

var components = new JsonArray();
var dependencies = new JsonArray();
foreach (var (name, one) in locked)
{
    var component = Component(name, (string)one["resolved"]!);
    if (tools.Contains(name))
        component["scope"] = "excluded";
    component["hashes"] = new JsonArray(new JsonObject
    {
        ["alg"] = "SHA-512", // of the package without its signature, as the lock file has it
        ["content"] = Convert.ToHexStringLower(Convert.FromBase64String((string)one["contentHash"]!)),
    });
    components.Add(component);
    var needed = (one["dependencies"] as JsonObject ?? []).Select(dependency => dependency.Key).Where(locked.ContainsKey).Select(Of);
    dependencies.Add(Depends(Of(name), needed));
}

var linked = (string)locked[Compiler]["resolved"]!;
foreach (var name in runtime)
    components.Add(Component(name, linked));
var direct = locked.Where(one => (string?)one.Value["type"] == "Direct").Select(one => Of(one.Key));
dependencies.Add(Depends(Application, direct.Concat(runtime.Select(name => Reference(name, linked)))));

var content = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{version}{components.ToJsonString()}{dependencies.ToJsonString()}"))[..16];
content[6] = (byte)((content[6] & 0x0F) | 0x80); // a UUID of one's own making (RFC 9562, version 8)
content[8] = (byte)((content[8] & 0x3F) | 0x80);
var document = new JsonObject
{
    ["bomFormat"] = "CycloneDX",
    ["specVersion"] = "1.6",
    ["serialNumber"] = $"urn:uuid:{new Guid(content, bigEndian: true)}",
    ["version"] = 1,
    ["metadata"] = new JsonObject
    {
        ["timestamp"] = DateTimeOffset.FromUnixTimeSeconds(since1970).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        ["component"] = new JsonObject
        {
            ["type"] = "application",
            ["bom-ref"] = Application,
            ["name"] = Application,
            ["version"] = version,
            ["licenses"] = new JsonArray(new JsonObject { ["license"] = new JsonObject { ["id"] = "Apache-2.0" } }),
        },
    },
    ["components"] = components,
    ["dependencies"] = dependencies,
};
var options = new JsonSerializerOptions { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
await File.WriteAllTextAsync(file, document.ToJsonString(options) + "\n");
return 0;

JsonObject Component(string name, string of) => new()
{
    ["type"] = "library",
    ["bom-ref"] = Reference(name, of),
    ["name"] = name,
    ["version"] = of,
    ["purl"] = Reference(name, of),
};

JsonObject Depends(string who, IEnumerable<string> on) =>
    new() { ["ref"] = who, ["dependsOn"] = new JsonArray([.. on.Order(StringComparer.Ordinal).Select(one => JsonValue.Create(one))]) };
