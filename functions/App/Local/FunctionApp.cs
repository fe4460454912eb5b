using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace IngressReconciler.Local;

/// <summary>What <c>host.json</c> asks of the host, as far as a custom handler is concerned.</summary>
/// <param name="FunctionTimeout">How long one invocation may take before the handler is killed; infinite when the file says <c>-1</c>.</param>
/// <param name="Executable">The handler's executable as written: a path beneath the app's root, an absolute path or a name on PATH.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="InitializationTimeout">How long a started handler may take to give its first HTTP answer.</param>
/// <param name="PassHttpThrough">Whether HTTP functions get the raw request (<c>enableProxyingHttpRequest</c> or <c>enableForwardingHttpRequest</c>).</param>
public sealed record HostFile(
    TimeSpan FunctionTimeout, string Executable, IReadOnlyList<string> Arguments, TimeSpan InitializationTimeout, bool PassHttpThrough);

/// <summary>A function's <c>retry</c> setting.</summary>
/// <param name="Limit">How often a failed invocation is tried again; -1 for ever.</param>
/// <param name="First">The wait before the first retry.</param>
/// <param name="Most">The longest wait; equal to <paramref name="First"/> for a fixed delay.</param>
public sealed record RetrySetting(int Limit, TimeSpan First, TimeSpan Most)
{
    /// <summary>The wait before retry <paramref name="number"/> (from 1): doubled each time up to <see cref="Most"/>.</summary>
    public TimeSpan DelayBefore(int number) =>
        TimeSpan.FromTicks(Math.Min(Most.Ticks, First.Ticks << Math.Min(number - 1, 20)));
}

/// <summary>One function: the folder's name and the trigger binding of its <c>function.json</c>.</summary>
/// <param name="Name">The folder's name, which is the path the handler is called at.</param>
/// <param name="Trigger">The binding's type, such as <c>eventGridTrigger</c>.</param>
/// <param name="Binding">The binding's name: the key under the envelope's <c>Data</c>.</param>
/// <param name="Many">Event Grid only: one call for a whole delivery, its events as a string that holds a JSON array.</param>
/// <param name="Schedule">Timer only: NCRONTAB with six fields, or <c>%NAME%</c> of a setting.</param>
/// <param name="RunOnStartup">Timer only: also run when the host has started.</param>
/// <param name="Route">HTTP only: the route below <c>/api/</c>.</param>
/// <param name="AuthLevel">HTTP only: <c>anonymous</c>, <c>function</c> or <c>admin</c>.</param>
/// <param name="Methods">HTTP only: methods in upper case; empty for any.</param>
/// <param name="Retry">What happens when an invocation fails; null for nothing.</param>
public sealed record FunctionFile(
    string Name, string Trigger, string Binding, bool Many, string? Schedule, bool RunOnStartup,
    string Route, string AuthLevel, IReadOnlyList<string> Methods, RetrySetting? Retry);

/// <summary>
/// A Functions app as the host finds it on disk: <c>host.json</c>, the <c>function.json</c> of each function, and the settings of
/// <c>local.settings.json</c>. A packaged app keeps its function folders beside host.json; this repository keeps them under
/// <c>functions/</c>, and both are read.
/// </summary>
/// <param name="Root">The folder that holds host.json; the handler's working directory.</param>
/// <param name="Host">host.json.</param>
/// <param name="Functions">All functions, by name.</param>
/// <param name="Settings">The <c>Values</c> of local.settings.json; never to be printed.</param>
public sealed record FunctionApp(
    string Root, HostFile Host, IReadOnlyList<FunctionFile> Functions, IReadOnlyDictionary<string, string> Settings)
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Reads the app at <paramref name="root"/>.</summary>
    /// <exception cref="InvalidDataException">A file is missing or says something that the host could not use; the message names it.</exception>
    public static FunctionApp Read(string root)
    {
        root = Path.GetFullPath(root);
        var hostFile = Path.Combine(root, "host.json");
        if (!File.Exists(hostFile))
            throw new InvalidDataException($"{hostFile}: not found");
        string[] places = [root, Path.Combine(root, "functions")];
        var functions = places
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories)
            .Select(folder => Path.Combine(folder, "function.json"))
            .Where(File.Exists)
            .Select(ReadFunction)
            .OrderBy(function => function.Name, StringComparer.Ordinal)
            .ToList();
        return new(root, ReadHost(hostFile), functions, ReadSettings(Path.Combine(root, "local.settings.json")));
    }

    private static HostFile ReadHost(string file)
    {
        var json = ReadObject(file);
        var handler = json["customHandler"] as JsonObject ?? throw new InvalidDataException($"{file}: customHandler is missing");
        var description = handler["description"] as JsonObject;
        var executable = Text(description, "defaultExecutablePath")
            ?? throw new InvalidDataException($"{file}: customHandler.description.defaultExecutablePath is missing");
        return new(
            Text(json, "functionTimeout") is { } timeout ? Duration(file, timeout) : TimeSpan.FromMinutes(30),
            executable,
            Texts(description, "arguments"),
            Text(handler, "initializationTimeout") is { } initialization ? Duration(file, initialization) : TimeSpan.FromSeconds(30),
            Flag(handler, "enableProxyingHttpRequest") || Flag(handler, "enableForwardingHttpRequest"));
    }

    private static FunctionFile ReadFunction(string file)
    {
        var json = ReadObject(file);
        var name = Path.GetFileName(Path.GetDirectoryName(file)!);
        var trigger = (json["bindings"] as JsonArray)?.OfType<JsonObject>()
            .FirstOrDefault(binding => Text(binding, "type")?.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase) == true)
            ?? throw new InvalidDataException($"{file}: no binding is a trigger");
        return new(
            name,
            Text(trigger, "type")!,
            Text(trigger, "name") ?? throw new InvalidDataException($"{file}: the trigger has no name"),
            string.Equals(Text(trigger, "cardinality"), "many", StringComparison.OrdinalIgnoreCase),
            Text(trigger, "schedule"),
            Flag(trigger, "runOnStartup"),
            Text(trigger, "route") ?? name,
            Text(trigger, "authLevel") ?? "function",
            [.. Texts(trigger, "methods").Select(method => method.ToUpperInvariant())],
            json["retry"] is JsonObject retry ? ReadRetry(file, retry) : null);
    }

    private static RetrySetting ReadRetry(string file, JsonObject retry)
    {
        var limit = (int?)retry["maxRetryCount"] ?? throw new InvalidDataException($"{file}: retry.maxRetryCount is missing");
        if (Text(retry, "strategy") != "exponentialBackoff")
        {
            var delay = Duration(file, Text(retry, "delayInterval") ?? "00:00:00");
            return new(limit, delay, delay);
        }
        return new(limit, Duration(file, Text(retry, "minimumInterval") ?? "00:00:01"), Duration(file, Text(retry, "maximumInterval") ?? "00:01:00"));
    }

    private static Dictionary<string, string> ReadSettings(string file)
    {
        if (!File.Exists(file))
            return [];
        var json = ReadObject(file);
        if (Flag(json, "IsEncrypted"))
            throw new InvalidDataException($"{file}: encrypted settings cannot be read here");
        return json["Values"] is JsonObject values
            ? values.Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!.ToString(), StringComparer.Ordinal)
            : [];
    }

    private static JsonObject ReadObject(string file)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(file), documentOptions: Lenient) as JsonObject
                ?? throw new InvalidDataException($"{file}: not a JSON object");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{file}: {exception.Message}", exception);
        }
    }

    private static TimeSpan Duration(string file, string text) =>
        text == "-1" ? Timeout.InfiniteTimeSpan
        : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var duration) ? duration
        : throw new InvalidDataException($"{file}: '{text}' is no duration");

    private static string? Text(JsonObject? json, string name) =>
        json?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static bool Flag(JsonObject json, string name) =>
        json[name] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    private static List<string> Texts(JsonObject? json, string name) =>
        json?[name] is JsonArray array ? [.. array.Where(item => item is not null).Select(item => item!.ToString())] : [];
}
