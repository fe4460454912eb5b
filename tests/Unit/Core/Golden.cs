using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>
/// Files that say what comes out. With <c>REWRITE_GOLDEN=1</c> they are written anew, and the test that did so fails all the same:
/// what is new must be read by somebody before it counts.
/// </summary>
internal static class Golden
{
    private static readonly bool Rewrite = Environment.GetEnvironmentVariable("REWRITE_GOLDEN") == "1";

    /// <summary>A folder beside the tests' sources.</summary>
    public static string Folder(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "IngressReconciler.sln")))
            folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? throw new DirectoryNotFoundException("the tests run outside of their repository"), "tests", "Unit", name);
    }

    /// <summary>Compares what came out with what the files say, all of it before failing.</summary>
    public static void Matches(params (string File, string Text)[] outputs)
    {
        foreach (var (file, text) in outputs)
        {
            if (!Rewrite)
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }

        if (Rewrite)
            Assert.Fail("rewritten: read the difference, then run again without REWRITE_GOLDEN");
        Assert.All(outputs, output =>
        {
            Assert.True(File.Exists(output.File), $"{output.File} is missing; REWRITE_GOLDEN=1 writes it");
            Assert.Equal(File.ReadAllText(output.File).ReplaceLineEndings("\n"), output.Text);
        });
    }
}
