using System.Numerics;
using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace IngressReconciler.Tests.Harness.Fuzz;

/// <summary>
/// Which branches the code under test took, where <c>scripts/fuzz</c> has instrumented it (SharpFuzz); else nothing is ever new. The map is
/// AFL's: one counter for each pair of branches that followed each other.
/// </summary>
internal sealed unsafe class Coverage
{
    private const int Size = 1 << 16;

    private static readonly byte* Map = Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(Size);

    private readonly byte[] seen = new byte[Size];

    /// <summary>How many pairs were ever taken.</summary>
    public int Reached => seen.Count(one => one != 0);

    /// <summary>Forgets what was taken until now.</summary>
    public static void Begin()
    {
        new Span<byte>(Map, Size).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Whether a pair was taken since <see cref="Begin"/> for the first time, or more often than ever, in powers of two.</summary>
    public bool IsNew()
    {
        var isNew = false;
        for (var i = 0; i < Size; i++)
        {
            if (Map[i] == 0)
                continue;
            var often = (byte)(1 << BitOperations.Log2(Map[i]));
            isNew |= (seen[i] & often) == 0;
            seen[i] |= often;
        }

        return isNew;
    }
}
