#:property PublishAot=false
// A folder as a zip file: the same files give the same bytes, whoever wrote them, when, and in which order.
//   dotnet run scripts/zip.cs FOLDER ZIP SECONDS    SECONDS since 1970 are every file's time
using System.Globalization;
using System.IO.Compression;
using System.Runtime.Versioning;

[assembly: UnsupportedOSPlatform("windows")]

if (args is not [var folder, var zip, var seconds] || !long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var since1970))
{
    await Console.Error.WriteLineAsync("usage: dotnet run scripts/zip.cs FOLDER ZIP SECONDS");
    return 64;
}

// Zip knows no time before 1980.
var time = DateTimeOffset.FromUnixTimeSeconds(Math.Max(since1970, 315_532_800));
await using var archive = await ZipFile.OpenAsync(zip, ZipArchiveMode.Create);
foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).OrderBy(file => Path.GetRelativePath(folder, file), StringComparer.Ordinal))
{
    var entry = archive.CreateEntry(Path.GetRelativePath(folder, file), CompressionLevel.Optimal);
    entry.LastWriteTime = time;
    // A regular file, of which nothing but the executable bit counts: the rest is the umask of whoever made it.
    const int Regular = 0x8000, Executable = 0x1ED, Plain = 0x1A4;
    entry.ExternalAttributes = (Regular | (File.GetUnixFileMode(file).HasFlag(UnixFileMode.UserExecute) ? Executable : Plain)) << 16;
    await using var from = File.OpenRead(file);
    await using var to = await entry.OpenAsync();
    await from.CopyToAsync(to);
}
return 0;
