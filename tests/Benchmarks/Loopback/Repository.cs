namespace IngressReconciler.Benchmarks.Loopback;

/// <summary>Where the files of this repository are.</summary>
public static class Repository
{
    private static readonly string Root = Find(AppContext.BaseDirectory);

    /// <summary>The absolute path of a file, from its path in the repository.</summary>
    public static string File(string path) => Path.Combine(Root, path);

    private static string Find(string folder) => System.IO.File.Exists(Path.Combine(folder, "IngressReconciler.sln"))
        ? folder
        : Find(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the benchmarks run outside of the repository"));
}
