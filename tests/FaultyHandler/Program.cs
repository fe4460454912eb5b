// A custom handler that misbehaves on demand. Its working directory says how, in two files that are read again each time:
//   start   exit3 | exit78 | silent             what it does instead of listening
//   reply   ok | empty | null | text | array | 500 | exit0 | exit3 | hang | log   what it does with an invocation
// Each invocation is written down, head and body, as calls/<number>.txt.
using System.Globalization;
using System.Net;
using System.Text;

var folder = Directory.GetCurrentDirectory();
var calls = Directory.CreateDirectory(Path.Combine(folder, "calls")).FullName;

switch (Asked("start"))
{
    case "exit3":
        return 3;
    case "exit78":
        Console.Error.WriteLine("a setting is wrong");
        return 78;
    case "silent":
        await Task.Delay(Timeout.Infinite);
        return 1;
}

var pid = Path.Combine(folder, "pid");
await File.WriteAllTextAsync(pid + ".next", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
File.Move(pid + ".next", pid, overwrite: true);
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseSetting("urls", "");
builder.WebHost.ConfigureKestrel(kestrel =>
    kestrel.Listen(IPAddress.Loopback, int.Parse(Environment.GetEnvironmentVariable("FUNCTIONS_CUSTOMHANDLER_PORT")!, CultureInfo.InvariantCulture)));
var app = builder.Build();
// No GET /: a 404 is an answer too.
app.Map("/api/{**path}", async http =>
{
    http.Response.StatusCode = 418;
    http.Response.Headers["x-faulty"] = http.Request.Headers["x-asked"];
    using var reader = new StreamReader(http.Request.Body);
    await http.Response.WriteAsync($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString} {await reader.ReadToEndAsync()}");
});
app.MapPost("/{function}", async http =>
{
    using var reader = new StreamReader(http.Request.Body);
    var record = new StringBuilder($"{http.Request.Method} {http.Request.Path} {http.Request.Protocol}\n");
    foreach (var (name, value) in http.Request.Headers)
        record.Append(CultureInfo.InvariantCulture, $"{name}: {value}\n");
    record.Append('\n').Append(await reader.ReadToEndAsync());
    var next = Path.Combine(calls, Guid.NewGuid().ToString("N"));
    await File.WriteAllTextAsync(next, record.ToString());
    File.Move(next, next + ".txt");

    var (type, text) = Asked("reply") switch
    {
        "empty" => ("application/json", ""),
        "null" => ("application/json", "null"),
        "text" => ("text/plain", "{}"),
        "array" => ("application/json", "[]"),
        "500" => ("500", "{}"),
        "exit0" => Exit(0),
        "exit3" => Exit(3),
        "hang" => await HangAsync(),
        "log" => ("application/json", """{"Outputs":{},"Logs":["from the reply"],"ReturnValue":null}"""),
        _ => ("application/json", "{}"),
    };
    if (type == "500")
        http.Response.StatusCode = 500;
    else
        http.Response.ContentType = type;
    await http.Response.WriteAsync(text);
});
Console.WriteLine("a line for the host");
Console.Error.WriteLine("a complaint for the host");
await app.RunAsync();
return 1;

string? Asked(string what) => File.Exists(Path.Combine(folder, what)) ? File.ReadAllText(Path.Combine(folder, what)).Trim() : null;

static (string, string) Exit(int code)
{
    Environment.Exit(code);
    return default;
}

static async Task<(string, string)> HangAsync()
{
    await Task.Delay(Timeout.Infinite);
    return default;
}
